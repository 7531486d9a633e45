//! Files as criterion 0.8.2 wrote them for the benchmarks of jsonwebtoken, with fewer samples.

use super::*;

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, path: &str, text: &str) -> &Self {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// The files of one benchmark: those that are read, and those beside them.
    fn benchmark(&self, directory: &str, id: &str, title: &str, samples: &str) -> &Self {
        let group = id.split('/').next().unwrap();
        let names = format!(
            r#"{{"group_id":"{group}","function_id":null,"value_str":null,"throughput":null,"full_id":"{id}","directory_name":"{directory}","title":"{title}"}}"#
        );
        for set in ["new", "base"] {
            self.write(&format!("{directory}/{set}/benchmark.json"), &names)
                .write(&format!("{directory}/{set}/sample.json"), samples)
                .write(&format!("{directory}/{set}/estimates.json"), ESTIMATES)
                .write(
                    &format!("{directory}/{set}/tukey.json"),
                    "[1537.2,1558.4,1614.9,1636.1]",
                );
        }
        self
    }

    fn read(&self) -> (Readings, BTreeSet<String>) {
        let mut readings = Readings::default();
        let titles = read(self.0.path(), &mut readings);
        (readings, titles)
    }
}

const SAMPLES: &str = r#"{"sampling_mode":"Linear","iters":[2.0,4.0],"times":[50.0,104.0]}"#;
const OTHERS: &str = r#"{"sampling_mode":"Flat","iters":[10.0,10.0],"times":[900.0,910.0]}"#;
const ESTIMATES: &str = r#"{"mean":{"confidence_interval":{"confidence_level":0.95,"lower_bound":25.0,"upper_bound":26.0},"point_estimate":25.5,"standard_error":0.5},"slope":null}"#;

#[test]
fn the_directory_of_criterion_is_read() {
    let home = Home::new();
    home.benchmark("fib/recursive/20", "fib/recursive/20", "fib/recursive/20", SAMPLES)
        .benchmark("fib/with _ in it", "fib/with / in it", "fib/with / in it", OTHERS)
        .write("fib/report/index.html", "")
        .write("report/index.html", "")
        // A baseline of another name lies beside.
        .write("fib/recursive/20/main/estimates.json", ESTIMATES);
    let (readings, titles) = home.read();
    assert_eq!(readings.problems, [""; 0]);
    assert_eq!(readings.benchmarks["fib/recursive/20"].samples, [25.0, 26.0]);
    assert_eq!(readings.benchmarks["fib/with / in it"].samples, [90.0, 91.0]);
    assert_eq!(titles.len(), 2);
    let nowhere = read(&home.0.path().join("nowhere"), &mut Readings::default());
    assert!(nowhere.is_empty());
}

/// Two functions that are registered under one name: criterion gives each a directory and a title.
#[test]
fn benchmarks_of_one_name_stay_apart() {
    let home = Home::new();
    home.benchmark("bench_encode", "bench_encode", "bench_encode", SAMPLES)
        .benchmark("bench_encode_2", "bench_encode", "bench_encode #2", OTHERS);
    let (readings, titles) = home.read();
    assert_eq!(readings.problems, [""; 0]);
    assert_eq!(readings.benchmarks["bench_encode"].samples, [25.0, 26.0]);
    assert_eq!(readings.benchmarks["bench_encode #2"].samples, [90.0, 91.0]);
    assert!(titles.contains("bench_encode #2"));
}

/// The second binary writes over what the first has left, and compares with it.
#[test]
fn what_another_binary_wrote_over_is_said() {
    let home = Home::new();
    home.benchmark("parse", "parse", "parse", SAMPLES)
        .write("parse/change/estimates.json", ESTIMATES);
    assert_eq!(home.read().0.problems, ["`parse` is measured by two binaries"]);
}

/// A group, and a function of it that is called as what criterion writes.
#[test]
fn names_of_criterion_are_names_of_benchmarks_too() {
    let home = Home::new();
    home.benchmark("new", "new", "new", SAMPLES)
        .benchmark("new/change", "new/change", "new/change", SAMPLES);
    let (readings, _) = home.read();
    let names: Vec<&String> = readings.benchmarks.keys().collect();
    assert_eq!(names, ["new", "new/change"], "{:?}", readings.problems);
}

#[test]
fn what_is_torn_is_said() {
    let home = Home::new();
    home.benchmark("torn", "torn", "torn", "{\"iters\":[1.0],\"times\":[")
        .benchmark("zero", "zero", "zero", r#"{"iters":[0.0],"times":[1.0]}"#)
        .write("bare/new/estimates.json", ESTIMATES);
    let (readings, _) = home.read();
    insta::assert_snapshot!(readings.problems.join("\n"), @"
    criterion's `bare/new` has no benchmark.json that can be read
    criterion's `torn/new` has no samples: EOF while parsing a list at line 1 column 24
    criterion's `zero/new` has samples without iterations
    ");
}
