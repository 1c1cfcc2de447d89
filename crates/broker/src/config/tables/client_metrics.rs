//! The settings of a subscription to metrics of clients.

use crate::config::definition::resource_settings;

resource_settings! {
    CLIENT_METRICS
    // name, type, default, importance, broker settings from the nearest on, values
    "interval.ms" int      "300000" medium []         any;
    "match"       list     ""       medium []         list;
    "metrics"     list     ""       medium []         list;
}
