//! What groups promise, one file per promise-giver; `model` holds the promises under random histories.

mod deleting;
mod describing;
mod expiring;
mod harness;
mod joining;
mod leaving;
mod model;

mod offsets;
mod replaying;
mod sessions;
mod statics;
mod syncing;
mod through_the_service;
