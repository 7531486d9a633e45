use proptest::prelude::*;

use super::*;

fn write(id: u64, key: &str, times: (u64, u64), outcome: Outcome) -> Operation {
    Operation {
        id,
        op: Action::Write,
        key: key.to_owned(),
        value: Some(id.to_string()),
        start: times.0,
        end: times.1,
        outcome,
    }
}

fn kept(key: &str, value: u64) -> Stored {
    Stored {
        key: key.to_owned(),
        value: value.to_string(),
    }
}

fn kinds(model: Model, history: &[Operation], stored: &[Stored]) -> Vec<ViolationKind> {
    let judgement = judge(model, history, stored).unwrap();
    judgement
        .violations
        .into_iter()
        .map(|violation| violation.kind)
        .collect()
}

#[test]
fn what_was_acknowledged_is_there_once() {
    let history = [
        write(1, "a", (0, 1), Outcome::Ok),
        write(2, "a", (1, 2), Outcome::Unknown),
        write(3, "b", (2, 3), Outcome::Fail),
    ];
    let judged = |stored: &[Stored]| kinds(Model::Set, &history, stored);
    assert_eq!(judged(&[kept("a", 1)]), []);
    assert_eq!(judged(&[kept("a", 1), kept("a", 2)]), []);
    assert_eq!(judged(&[]), [ViolationKind::Lost]);
    assert_eq!(judged(&[kept("a", 1), kept("a", 1)]), [ViolationKind::Duplicate]);
    assert_eq!(judged(&[kept("a", 1), kept("b", 3)]), [ViolationKind::Refused]);
    assert_eq!(judged(&[kept("a", 1), kept("a", 9)]), [ViolationKind::Foreign]);
    let judgement = judge(Model::Set, &history, &[kept("a", 1), kept("a", 2)]).unwrap();
    assert_eq!((judgement.acknowledged, judgement.refused), (1, 1));
    assert_eq!((judgement.unknown, judgement.unknown_there), (1, 1));
}

#[test]
fn a_register_has_its_last_value() {
    let history = [
        write(1, "a", (0, 1), Outcome::Ok),
        write(2, "a", (2, 3), Outcome::Ok),
        write(3, "a", (1, 4), Outcome::Ok),
        write(4, "a", (0, 1), Outcome::Unknown),
    ];
    let judged = |stored: &[Stored]| kinds(Model::Register, &history, stored);
    assert_eq!(judged(&[kept("a", 2)]), []);
    // It ran at the same time as the second.
    assert_eq!(judged(&[kept("a", 3)]), []);
    // It may have its effect late.
    assert_eq!(judged(&[kept("a", 4)]), []);
    assert_eq!(judged(&[kept("a", 1)]), [ViolationKind::Old]);
    assert_eq!(judged(&[kept("a", 2), kept("a", 3)]), [ViolationKind::Duplicate]);
    assert_eq!(judged(&[]), [ViolationKind::Lost; 3]);
}

#[test]
fn a_read_returns_what_was_written_before_it_ended() {
    let read = |value: &str, end| Operation {
        op: Action::Read,
        value: Some(value.to_owned()),
        ..write(9, "a", (0, end), Outcome::Ok)
    };
    let judged = |read: Operation| {
        let history = [
            write(1, "a", (3, 4), Outcome::Ok),
            write(2, "a", (0, 1), Outcome::Fail),
            read,
        ];
        kinds(Model::Set, &history, &[kept("a", 1)])
    };
    assert_eq!(judged(read("1", 3)), []);
    assert_eq!(judged(read("1", 2)), [ViolationKind::Foreign]);
    assert_eq!(judged(read("7", 9)), [ViolationKind::Foreign]);
    assert_eq!(judged(read("2", 9)), [ViolationKind::Refused]);
}

#[test]
fn a_history_that_does_not_distinguish_its_operations_is_refused() {
    let one = write(1, "a", (0, 1), Outcome::Ok);
    assert!(judge(Model::Set, &[one.clone(), one.clone()], &[]).is_err());
    let same_value = Operation { id: 2, ..one.clone() };
    assert!(judge(Model::Set, &[one, same_value], &[]).is_err());
}

#[test]
fn lines_say_all_that_is_judged() {
    let line =
        r#"{"id": 1, "op": "write", "key": "k", "value": "v", "start": 3, "end": 9, "outcome": "ok", "node": 2}"#;
    assert_eq!(Operation::parse(line).unwrap().took(), 6);
    for (from, to) in [
        (r#""end": 9"#, r#""end": 2"#),
        (r#""value": "v", "#, ""),
        ("\"ok\"", "\"yes\""),
        ("\"write\"", "\"append\""),
        ("1", "-1"),
    ] {
        assert!(Operation::parse(&line.replacen(from, to, 1)).is_err(), "{to}");
    }
    assert_eq!(
        stored("{\"key\": \"a\", \"value\": \"1\"}\n\n").unwrap(),
        [kept("a", 1)]
    );
    assert!(stored("{\"key\": \"a\"}").unwrap_err().starts_with("line 1: "));
}

/// Operations of which the fate is known, because it is decided here.
fn fates() -> impl Strategy<Value = Vec<(u8, bool, u8)>> {
    prop::collection::vec((0..3_u8, any::<bool>(), 0..4_u8), 1..60)
}

proptest! {
    /// A system that keeps what it acknowledged, and any part of what is unknown, is never blamed; one that loses, doubles or
    /// makes up a single value always is.
    #[test]
    fn a_faithful_system_is_never_blamed_and_any_other_always(fates in fates(), victim in any::<prop::sample::Index>()) {
        let mut history = Vec::new();
        let mut faithful = Vec::new();
        for (at, (outcome, effect, key)) in fates.iter().enumerate() {
            let outcome = [Outcome::Ok, Outcome::Fail, Outcome::Unknown][usize::from(*outcome)];
            let (id, key) = (at as u64, key.to_string());
            history.push(write(id, &key, (id * 2, id * 2 + 1), outcome));
            if outcome == Outcome::Ok || (outcome == Outcome::Unknown && *effect) {
                faithful.push(kept(&key, id));
            }
        }
        prop_assert_eq!(kinds(Model::Set, &history, &faithful), []);
        let mut foreign = faithful.clone();
        foreign.push(kept("0", 1000));
        prop_assert_eq!(kinds(Model::Set, &history, &foreign), [ViolationKind::Foreign]);
        if !faithful.is_empty() {
            let mut doubled = faithful.clone();
            doubled.push(victim.get(&faithful).clone());
            prop_assert_eq!(kinds(Model::Set, &history, &doubled), [ViolationKind::Duplicate]);
            let gone = victim.get(&faithful).clone();
            let without: Vec<Stored> = faithful.iter().filter(|stored| **stored != gone).cloned().collect();
            let acknowledged = history.iter().any(|operation| {
                operation.value.as_ref() == Some(&gone.value) && operation.outcome == Outcome::Ok
            });
            let blamed = kinds(Model::Set, &history, &without);
            prop_assert_eq!(blamed, vec![ViolationKind::Lost; usize::from(acknowledged)]);
        }
        // One after the other: a register has the last acknowledged value, or a later one that is unknown.
        let mut last = std::collections::BTreeMap::new();
        for (operation, (_, effect, _)) in history.iter().zip(&fates) {
            let took_effect = operation.outcome == Outcome::Ok || (operation.outcome == Outcome::Unknown && *effect);
            if took_effect {
                last.insert(operation.key.clone(), operation.id);
            }
        }
        let register: Vec<Stored> = last.iter().map(|(key, id)| kept(key, *id)).collect();
        prop_assert_eq!(kinds(Model::Register, &history, &register), []);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        let _ = Operation::parse(&text);
        let _ = stored(&text);
    }
}
