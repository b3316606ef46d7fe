//! The XML for build servers held to the rules of the schema that Jenkins' xUnit plug-in validates with (`junit-10.xsd`):
//! elements where they may stand, attributes that are known and those that are required, times in its form, counts that
//! are true.

use std::collections::BTreeMap;

/// An element as the schema sees it.
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    children: Vec<Element>,
}

/// Element, the children it may have, the attributes that are required, those that are allowed.
type Rule = (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

const RULES: &[Rule] = &[
    ("testsuites", &["testsuite"], &[], &["name", "time", "tests", "failures", "errors"]),
    (
        "testsuite",
        &["testsuite", "properties", "testcase", "system-out", "system-err"],
        &["name", "tests", "failures", "errors"],
        &["group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"],
    ),
    (
        "testcase",
        &["skipped", "error", "failure", "system-out", "system-err"],
        &["name"],
        &["time", "classname", "group"],
    ),
    ("failure", &[], &[], &["type", "message"]),
    ("error", &[], &[], &["type", "message"]),
    ("skipped", &[], &[], &["type", "message"]),
];

/// Reads what golive writes: no comments, no CDATA, no namespaces. Anything else is a fault here.
fn read(text: &str) -> Element {
    let rest = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").expect("a declaration first");
    let (root, rest) = element(rest.trim_start());
    assert!(rest.trim().is_empty(), "something stands behind the root: {rest}");
    root
}

fn element(text: &str) -> (Element, &str) {
    let text = text.strip_prefix('<').unwrap_or_else(|| panic!("no element: {text:.60}"));
    let end = text.find(['>', ' ', '/']).unwrap();
    let (name, mut rest) = text.split_at(end);
    let mut attributes = BTreeMap::new();
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix("/>") {
            return (Element { name: name.to_owned(), attributes, children: Vec::new() }, after);
        }
        if let Some(after) = rest.strip_prefix('>') {
            rest = after;
            break;
        }
        let (key, after) = rest.split_once("=\"").unwrap();
        let (value, after) = after.split_once('"').unwrap();
        assert!(!value.contains('<'), "a bare < in {key}");
        assert!(attributes.insert(key.to_owned(), value.to_owned()).is_none(), "{key} stands twice");
        rest = after;
    }
    let mut children = Vec::new();
    loop {
        let next = rest.find('<').unwrap();
        entities(&rest[..next]);
        rest = &rest[next..];
        if let Some(after) = rest.strip_prefix(&format!("</{name}>")) {
            return (Element { name: name.to_owned(), attributes, children }, after);
        }
        let (child, after) = element(rest);
        children.push(child);
        rest = after;
    }
}

/// Every & begins an entity of XML itself, and every character is one that XML 1.0 can hold.
fn entities(text: &str) {
    for part in text.split('&').skip(1) {
        let name = part.split(';').next().unwrap();
        assert!(matches!(name, "amp" | "lt" | "gt" | "quot" | "#10"), "&{name};");
    }
    assert!(
        text.chars().all(|c| matches!(c, '\t' | '\n' | '\r') || (c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}')))
    );
}

fn hold(element: &Element) {
    let rule = RULES.iter().find(|(name, ..)| *name == element.name);
    let (name, children, required, allowed) = rule.unwrap_or_else(|| panic!("no element is called {}", element.name));
    for (key, value) in &element.attributes {
        assert!(required.contains(&key.as_str()) || allowed.contains(&key.as_str()), "{name} has no {key}");
        entities(value);
    }
    for key in *required {
        assert!(element.attributes.contains_key(*key), "{name} needs {key}");
    }
    if let Some(time) = element.attributes.get("time") {
        let (whole, fraction) = time.split_once('.').unwrap_or((time, ""));
        let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
        assert!(digits(whole) && digits(fraction) && !whole.is_empty(), "time {time}");
    }
    for child in &element.children {
        assert!(children.contains(&child.name.as_str()), "{} may not stand in {name}", child.name);
        hold(child);
    }
}

fn count(suite: &Element, wanted: &str) -> usize {
    suite.children.iter().filter(|case| case.children.iter().any(|child| child.name == wanted)).count()
}

/// Holds a report to the schema, and its counts to its cases.
#[track_caller]
pub(crate) fn holds(xml: &str) {
    let root = read(xml);
    assert_eq!(root.name, "testsuites");
    hold(&root);
    for suite in &root.children {
        let says = |key: &str| suite.attributes[key].parse::<usize>().unwrap();
        assert_eq!(says("tests"), suite.children.len());
        for (key, element) in [("failures", "failure"), ("errors", "error"), ("skipped", "skipped")] {
            assert_eq!(says(key), count(suite, element), "{key}");
        }
        let timestamp = &suite.attributes["timestamp"];
        assert!(timestamp.parse::<jiff::civil::DateTime>().is_ok(), "{timestamp} is no xs:dateTime");
    }
}

#[test]
fn the_rules_find_what_is_wrong() {
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    let suite = "name=\"a\" tests=\"0\" failures=\"0\" errors=\"0\" skipped=\"0\" timestamp=\"2026-11-27T01:02:03\"";
    holds(&format!("{head}<testsuites><testsuite {suite}></testsuite></testsuites>"));
    for wrong in [
        format!("<testsuites><testsuite {}></testsuite></testsuites>", suite.replace("tests=\"0\"", "tests=\"1\"")),
        format!("<testsuites><testsuite {}></testsuite></testsuites>", suite.replace("errors", "mistakes")),
        format!("<testsuites><testsuite {suite} time=\"soon\"></testsuite></testsuites>"),
        format!("<testsuite {suite}></testsuite>"),
        "<testsuites><failure/></testsuites>".to_owned(),
    ] {
        let judged = std::panic::catch_unwind(|| holds(&format!("{head}{wrong}")));
        assert!(judged.is_err(), "{wrong}");
    }
}
