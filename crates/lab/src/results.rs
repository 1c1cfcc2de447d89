//! What was measured, and how are the rounds of a row summed up?

use serde::{Serialize, Serializer};
use transfer::bare::Method;

use crate::cores::Cores;
use crate::{Cache, Cell, Machine, Sample};

/// Bytes of a GB in "per GB".
const GB: f64 = 1e9;

/// Rows whose medians are nearer than this are alike, whatever the rounds say: no server notices.
const LEAST_DIFFERENCE: f64 = 0.03;

/// All that a run has to say, before anybody judges it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Results {
    /// Who measured, and when.
    pub origin: Origin,
    /// Where.
    pub machine: Machine,
    /// Who sent and who received.
    pub(crate) cores: Option<Cores>,
    /// The congestion control that the connections had.
    pub congestion_control: String,
    /// Rounds of the warm cells, without the first, which only finds out how long a sample has to be.
    pub warm_rounds: usize,
    /// Rounds of the cold cells, likewise.
    pub cold_rounds: usize,
    /// Why there are no cold cells; `None` where there are.
    pub cold_impossible: Option<String>,
    /// Whether the kernel said that nothing was left in the page cache before each cold sample.
    pub cold_verified: bool,
    /// The largest share of a cold sample's bytes that was in the page cache all the same.
    pub cold_left_share: f64,
    /// Sizes that were left out because they do not fit into memory, in bytes.
    pub too_large_bytes: Vec<u64>,
    /// Whether the whole file was in the page cache before each warm sample.
    pub warm_is_warm: bool,
    /// The share of the time that a hypervisor gave to others.
    pub stolen_share: f64,
    /// How long the run took, in seconds.
    pub elapsed_s: f64,
    /// Methods that this kernel or file system does not have.
    pub unavailable: Vec<Unavailable>,
    /// The rows, cell by cell.
    pub rows: Vec<Row>,
}

/// Where a run comes from: what its caller knows.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Origin {
    /// The program's version.
    pub version: String,
    /// When the run ended: ISO 8601.
    pub date: String,
    /// The command that measures again.
    pub command: String,
}

/// A method that could not be measured.
#[derive(Clone, Debug, Serialize)]
pub struct Unavailable {
    /// Which one.
    #[serde(serialize_with = "as_text")]
    pub method: Method,
    /// What the system says.
    pub reason: String,
}

/// One method in one situation, round by round.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The situation.
    pub cell: Cell,
    /// The method.
    #[serde(serialize_with = "as_text")]
    pub method: Method,
    /// A sample of each round.
    pub samples: Vec<Sample>,
}

/// What can be read off a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// GB a second, from end to end.
    Throughput,
    /// CPU seconds of the sender per GB.
    SenderCpu,
    /// CPU seconds of the receiver per GB.
    ReceiverCpu,
    /// System calls of the sender per GB.
    SenderCalls,
    /// System calls of the receiver per GB.
    ReceiverCalls,
    /// Context switches of both per GB.
    Switches,
    /// Page faults of the sender per GB.
    Faults,
    /// How often the CPU copied each byte on the sender's side.
    Copies,
}

impl Figure {
    /// All of them, as the columns of a table.
    pub const ALL: [Self; 8] = [
        Self::Throughput,
        Self::SenderCpu,
        Self::ReceiverCpu,
        Self::SenderCalls,
        Self::ReceiverCalls,
        Self::Switches,
        Self::Faults,
        Self::Copies,
    ];

    /// The heading of its column.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Throughput => "GB/s",
            Self::SenderCpu => "sender CPU s/GB",
            Self::ReceiverCpu => "receiver CPU s/GB",
            Self::SenderCalls => "sender calls/GB",
            Self::ReceiverCalls => "receiver calls/GB",
            Self::Switches => "context switches/GB",
            Self::Faults => "page faults/GB",
            Self::Copies => "CPU copies",
        }
    }

    /// Its value in a sample.
    pub fn of(self, sample: &Sample) -> f64 {
        let gb = (sample.bytes.max(1)) as f64 / GB;
        let Sample { sender, receiver, .. } = sample;
        match self {
            Self::Throughput => gb / sample.elapsed_s.max(1e-9),
            Self::SenderCpu => sender.cpu_s / gb,
            Self::ReceiverCpu => receiver.cpu_s / gb,
            Self::SenderCalls => sender.system_calls as f64 / gb,
            Self::ReceiverCalls => receiver.system_calls as f64 / gb,
            Self::Switches => {
                let switches = |side: &crate::Side| side.voluntary_switches + side.involuntary_switches;
                (switches(sender) + switches(receiver)) as f64 / gb
            }
            Self::Faults => (sender.minor_faults + sender.major_faults) as f64 / gb,
            Self::Copies => sample.copied_bytes as f64 / sample.bytes.max(1) as f64,
        }
    }
}

impl Row {
    /// The median over the rounds.
    pub fn median(&self, figure: Figure) -> f64 {
        median(&self.values(figure))
    }

    /// The least and the most of the rounds.
    pub fn range(&self, figure: Figure) -> (f64, f64) {
        let values = self.values(figure);
        let least = values.iter().copied().min_by(f64::total_cmp);
        let most = values.iter().copied().max_by(f64::total_cmp);
        (least.unwrap_or_default(), most.unwrap_or_default())
    }

    /// How far the rounds are apart, as a share of the median.
    pub fn spread(&self, figure: Figure) -> f64 {
        let (least, most) = self.range(figure);
        let median = self.median(figure);
        if median > 0.0 { (most - least) / median } else { 0.0 }
    }

    /// Whether `figure` is less here than in `other`, and the rounds agree: four of five, and the medians are apart.
    pub fn is_clearly_less(&self, other: &Self, figure: Figure) -> bool {
        clearly_less(&self.values(figure), &other.values(figure))
    }

    /// Round by round.
    fn values(&self, figure: Figure) -> Vec<f64> {
        self.samples.iter().map(|sample| figure.of(sample)).collect()
    }
}

impl Results {
    /// The rows of a cell.
    pub(crate) fn of_cell(&self, cell: Cell) -> Vec<&Row> {
        self.rows.iter().filter(|row| row.cell == cell).collect()
    }

    /// The row of a method in a cell.
    pub(crate) fn row(&self, cell: Cell, method: Method) -> Option<&Row> {
        self.rows.iter().find(|row| row.cell == cell && row.method == method && !row.samples.is_empty())
    }

    /// The cells in groups that differ in nothing but the size, in the order of the rows.
    pub(crate) fn groups(&self) -> Vec<Vec<Cell>> {
        let mut groups: Vec<Vec<Cell>> = Vec::new();
        for row in &self.rows {
            match groups.iter_mut().find(|group| group.first().is_some_and(|cell| is_akin(cell, &row.cell))) {
                Some(group) if group.contains(&row.cell) => {}
                Some(group) => group.push(row.cell),
                None => groups.push(vec![row.cell]),
            }
        }
        groups
    }

    /// The cells of files with these conditions, by size.
    pub(crate) fn files(&self, cache: Cache, connections: usize) -> Vec<Cell> {
        let wanted = Cell { cache, connections, header_bytes: 0, size_bytes: 0 };
        self.groups()
            .into_iter()
            .find(|group| group.first().is_some_and(|cell| is_akin(cell, &wanted)))
            .unwrap_or_default()
    }

    /// The cells of answers with a header, by size.
    pub(crate) fn answers(&self) -> Vec<Cell> {
        let mut groups = self.groups().into_iter();
        groups.find(|group| group.first().is_some_and(|cell| cell.header_bytes > 0)).unwrap_or_default()
    }

    /// The methods that a group of cells was measured with, in the order of [`Method::ALL`].
    pub(crate) fn methods(&self, group: &[Cell]) -> Vec<Method> {
        let measured = |method: &Method| group.iter().any(|cell| self.row(*cell, *method).is_some());
        Method::ALL.into_iter().filter(measured).collect()
    }
}

/// The value in the middle; 0 if there are none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.get(middle) {
        None => 0.0,
        Some(upper) if sorted.len().is_multiple_of(2) => {
            f64::midpoint(sorted.get(middle.wrapping_sub(1)).copied().unwrap_or(*upper), *upper)
        }
        Some(middle) => *middle,
    }
}

/// Whether one is less than the other, and the rounds agree: four of five, and the medians are apart.
pub(crate) fn clearly_less(one: &[f64], other: &[f64]) -> bool {
    let rounds = one.len().min(other.len());
    let agreeing = one.iter().zip(other).filter(|(one, other)| one < other).count();
    rounds > 0 && agreeing * 5 >= rounds * 4 && median(one) < median(other) * (1.0 - LEAST_DIFFERENCE)
}

fn is_akin(one: &Cell, other: &Cell) -> bool {
    Cell { size_bytes: 0, ..*one } == Cell { size_bytes: 0, ..*other }
}

/// A size as tables have it: `64 KiB`.
pub(crate) fn size_name(bytes: u64) -> String {
    match bytes {
        b if b >= 1 << 30 && b.is_multiple_of(1 << 30) => format!("{} GiB", b >> 30),
        b if b >= 1 << 20 && b.is_multiple_of(1 << 20) => format!("{} MiB", b >> 20),
        b if b >= 1 << 10 && b.is_multiple_of(1 << 10) => format!("{} KiB", b >> 10),
        b => format!("{b} B"),
    }
}

/// A value with the digits that mean something.
pub(crate) fn shown(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        1e6.. => format!("{:.2} M", value / 1e6),
        1e4.. => format!("{:.0} k", value / 1e3),
        1e2.. => format!("{value:.0}"),
        1e1.. => format!("{value:.1}"),
        1.0.. => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

fn as_text<S: Serializer>(method: &Method, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(method)
}

#[cfg(test)]
pub(crate) mod made_up {
    //! Measurements that nobody made, for tests of what is read off them.

    use super::*;
    use crate::Side;

    /// A row whose rounds differ by a percent, with these CPU seconds of the sender per GB and these GB a second.
    pub(crate) fn row(cell: Cell, method: Method, cpu_s_per_gb: f64, gb_per_s: f64) -> Row {
        let sample = |drift: f64| Sample {
            bytes: 1_000_000_000,
            elapsed_s: drift / gb_per_s,
            sender: Side { cpu_s: cpu_s_per_gb * drift, ..Side::default() },
            receiver: Side { cpu_s: 0.2 * drift, ..Side::default() },
            ..Sample::default()
        };
        Row { cell, method, samples: [0.99, 1.0, 1.01].map(sample).to_vec() }
    }

    pub(crate) fn file(cache: Cache, connections: usize, size_bytes: u64) -> Cell {
        Cell { cache, connections, header_bytes: 0, size_bytes }
    }

    pub(crate) fn answer(size_bytes: u64) -> Cell {
        Cell { cache: Cache::Warm, connections: 1, header_bytes: 100, size_bytes }
    }

    pub(crate) fn results(rows: Vec<Row>) -> Results {
        Results {
            rows,
            warm_rounds: 3,
            cold_rounds: 3,
            cold_verified: true,
            warm_is_warm: true,
            machine: Machine { cpu: "made up".to_owned(), cores: 4, ..Machine::default() },
            ..Results::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::made_up::{file, row};
    use super::*;

    #[test]
    fn a_difference_that_the_rounds_do_not_agree_on_is_none() {
        let cell = file(Cache::Warm, 1, 1 << 20);
        let [cheap, dear] = [0.1, 0.2].map(|cpu| row(cell, Method::Sendfile, cpu, 1.0));
        assert!(cheap.is_clearly_less(&dear, Figure::SenderCpu));
        assert!(!dear.is_clearly_less(&cheap, Figure::SenderCpu));
        let alike = row(cell, Method::Sendfile, 0.102, 1.0);
        assert!(!cheap.is_clearly_less(&alike, Figure::SenderCpu), "2 % are no difference");
        let mut torn = cheap.clone();
        torn.samples[0].sender.cpu_s = 1.0;
        assert!(!torn.is_clearly_less(&dear, Figure::SenderCpu), "one round of three says otherwise");
    }

    #[test]
    fn the_median_of_an_even_number_of_rounds_lies_between_the_middle_two() {
        let mut four = row(file(Cache::Warm, 1, 1), Method::Mmap, 0.1, 1.0);
        four.samples.push(four.samples[2]);
        for (sample, cpu) in four.samples.iter_mut().zip([4.0, 1.0, 2.0, 3.0]) {
            sample.sender.cpu_s = cpu;
        }
        assert_eq!(four.median(Figure::SenderCpu), 2.5);
        assert_eq!(four.spread(Figure::SenderCpu), 3.0 / 2.5);
    }

    #[test]
    fn a_row_without_rounds_is_nothing_and_no_panic() {
        let empty = Row { samples: vec![], ..row(file(Cache::Warm, 1, 1), Method::Mmap, 0.1, 1.0) };
        assert_eq!((empty.median(Figure::Throughput), empty.spread(Figure::Throughput)), (0.0, 0.0));
        assert!(!empty.is_clearly_less(&empty, Figure::Throughput));
    }
}
