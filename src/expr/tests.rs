//! Conditions: what they say, what they refuse, and that nothing hostile harms.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn names() -> FactNames {
    FactNames::new(&[
        ("status", FactType::Number),
        ("json", FactType::Json),
        ("body", FactType::Text),
        ("latency", FactType::Duration),
        ("ratio", FactType::Number),
    ])
}

fn facts() -> Facts {
    let mut facts = Facts::default();
    facts.insert("status", Fact::Whole(200));
    facts.insert("json", Fact::Json(json!({ "status": "ok", "n": 3, "items": [{ "id": 1 }, { "id": 2 }] })));
    facts.insert("body", Fact::Text("all well".into()));
    facts.insert("latency", Fact::Duration(Duration::from_millis(120)));
    facts.insert("ratio", Fact::Number(f64::NAN));
    facts
}

fn judge(source: &str) -> Judgement {
    Condition::compile(source, &names()).unwrap_or_else(|error| panic!("{source}: {error:?}")).judge(&facts())
}

fn refused(source: &str) -> ConditionError {
    Condition::compile(source, &names()).err().unwrap_or_else(|| panic!("{source} was taken"))
}

#[test]
fn a_condition_holds_or_does_not() {
    for source in [
        "status == 200",
        "status == 200 && json.status == \"ok\" && latency < duration(\"800ms\")",
        "json.n + 1 == 4",
        "json.items.exists(item, item.id == 2)",
        "size(json.items) == 2",
        "body.contains('well') && latency < duration('2d')",
        "has(json.status)",
    ] {
        assert_eq!(judge(source), Judgement::Holds, "{source}");
    }
}

#[test]
fn a_false_condition_shows_each_part_with_its_value() {
    let Judgement::DoesNotHold { parts } =
        judge("status == 200 && json.status == \"open\" && latency > duration(\"1s\")")
    else {
        panic!("it should not hold");
    };
    let told: Vec<_> = parts.iter().map(|part| format!("{:?} {} [{}]", part.holds, part.text, part.seen)).collect();
    assert!(told[0].starts_with("Some(true) status == 200"), "{told:?}");
    assert!(told[1].contains("json.status is \"ok\""), "{told:?}");
    assert!(told[2].contains("latency is 120ms"), "{told:?}");
}

#[test]
fn a_part_is_shown_with_the_brackets_that_it_opens() {
    let Judgement::DoesNotHold { parts } = judge("status in [401, 403, 404]") else { panic!("it should not hold") };
    assert_eq!(parts[0].text, "status in [401, 403, 404]");
    let Judgement::DoesNotHold { parts } = judge("status in [500] || (json.status == \"]\")") else {
        panic!("it should not hold")
    };
    assert_eq!((&*parts[0].text, &*parts[1].text), ("status in [500]", "json.status == \"]\""));
}

#[test]
fn a_field_that_the_answer_lacks_is_told_from_what_cannot_be_said() {
    assert_eq!(judge("json.missing == 1"), Judgement::MissingField { field: "missing".into() });
    let without = Facts::default();
    let condition = Condition::compile("json.ok", &names()).unwrap();
    assert_eq!(condition.judge(&without), Judgement::MissingField { field: "json".into() });
    assert!(matches!(judge("json.n"), Judgement::CannotTell { .. }), "a number is not true");
    assert!(matches!(judge("json.status < 3"), Judgement::CannotTell { .. }), "a text against a number");
    assert!(matches!(judge("ratio < 1.0"), Judgement::CannotTell { .. }), "NaN");
    assert!(matches!(judge("ratio != 1.0"), Judgement::CannotTell { .. }), "NaN is never different by accident");
    assert!(matches!(judge("json.n / 0 == 1"), Judgement::CannotTell { .. }), "division by zero");
}

#[test]
fn mistakes_are_found_before_anything_runs() {
    assert_eq!(refused("status = 200").hint.as_deref(), Some("`==` compares"));
    assert_eq!(refused("statuss == 1").hint.as_deref(), Some("did you mean `status`?"));
    assert_eq!(refused("statuss == 1").range, 0..7);
    assert!(refused("status == \"200\"").message.contains("number"));
    assert!(refused("latency < 800").hint.unwrap().contains("duration"));
    assert!(refused("body.startWith(\"x\")").hint.unwrap().contains("startsWith"));
    assert!(refused("latency < duration(\"3 parsecs\")").message.contains("no unit of time"));
    assert!(refused("1 == 1").message.contains("always the same"));
    assert!(
        refused("status ==").message.contains("ends too early")
            || refused("status ==").message.contains("not understood")
    );
    assert!(refused("").message.contains("empty"));
    assert!(refused(&"status == 1 || ".repeat(200)).message.contains("bytes"));
    assert!(refused("json.exists(a, json.exists(b, json.exists(c, c == status)))").message.contains("two deep"));
}

/// On the stack that test threads and runtimes have, in the build that tests run in.
#[test]
fn hostile_shapes_end_quickly_and_overflow_nothing() {
    let shapes = [
        format!("{}1 == status", "1+".repeat(950)),
        format!("{}status == 1{}", "(".repeat(90), ")".repeat(90)),
        format!("status{} == 1", "[0]".repeat(600)),
        format!("json{} == 1", ".b".repeat(900)),
        format!("{}true", "!".repeat(1500)),
        format!("{}1 == status", "-".repeat(1500)),
        format!("json{} == 1", ".f()".repeat(400)),
        "status == 1 && ".repeat(130) + "true",
        format!("status in [{}1]", "1,".repeat(900)),
    ];
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
        for shape in shapes {
            if let Ok(condition) = Condition::compile(&shape, &names()) {
                let _ = condition.judge(&facts());
            }
        }
    });
    thread.unwrap().join().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_text_makes_it_panic(text in "[a-z0-9 .()\\[\\]{}!&|=<>\"'+*/,?:-]{0,80}") {
        if let Ok(condition) = Condition::compile(&text, &names()) {
            let _ = condition.judge(&facts());
        }
    }
}
