//! The JSON Schema of a plan, made from the document types and the kinds: what editors complete from, and what
//! `shape.rs` holds a plan against.

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value as Json, json};

use crate::model::kind::{KindSpec, Kinds};
use crate::plan::document::{ChangesKeys, CommonKeys, CredentialKeys, Document, HurtKeys, NotifierKeys, SettingKeys};

/// The whole schema, with the keys of these kinds.
#[must_use]
pub fn schema(kinds: &Kinds) -> Json {
    schema_of(kinds, &|_| true)
}

/// The schema as far as a plan needs it that names only these kinds; the others are there by name. A small plan is not
/// to wait for the keys of kinds that it has nothing to do with.
pub(super) fn schema_of(kinds: &Kinds, is_named: &dyn Fn(&str) -> bool) -> Json {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.root_schema_for::<Document>().to_value();
    let common = properties_of::<CommonKeys>(&mut generator);
    let mut definitions = Map::new();
    for kind in kinds.iter() {
        let name = format!("check_{}", kind.name);
        if !is_named(kind.name) {
            definitions.insert(name, by_name_alone(kind));
            continue;
        }
        let own = kind_properties(kind, &mut definitions);
        let fixed = json!({ "kind": { "const": kind.name, "description": kind.doc } });
        definitions
            .insert(name, object(kind.doc, &[&common, &own.0, as_map(&fixed)], own.1.iter().chain([&"kind".into()])));
    }
    let of_kind = |name: &str, definitions: &mut Map<String, Json>| {
        let found = kinds.iter().find(|kind| kind.name == name && is_named(name));
        found.map(|kind| kind_properties(kind, definitions).0).unwrap_or_default()
    };
    let mut setting = of_kind("setting", &mut definitions);
    setting.remove("name");
    let setting_keys = properties_of::<SettingKeys>(&mut generator);
    definitions.insert(
        "setting".into(),
        object("A variable that must have a certain value.", &[&common, &setting, &setting_keys], [].iter()),
    );
    let mut credential = of_kind("credential", &mut definitions);
    for key in ["credential", "credentials", "distinct", "no_development"] {
        credential.remove(key);
    }
    let credential_keys = properties_of::<CredentialKeys>(&mut generator);
    definitions.insert(
        "credential".into(),
        object(
            "A credential: it becomes the check ID_valid.",
            &[&common, &credential, &credential_keys],
            ["from".into()].iter(),
        ),
    );
    let choices: Vec<Json> =
        kinds.iter().map(|kind| json!({ "$ref": format!("#/$defs/check_{}", kind.name) })).collect();
    let of = [("notifier", properties_of::<NotifierKeys>(&mut generator), &kinds.notifiers)];
    let of = of.into_iter().chain([
        ("change", properties_of::<ChangesKeys>(&mut generator), &kinds.changes),
        ("hurt", properties_of::<HurtKeys>(&mut generator), &kinds.hurt),
    ]);
    let of: Vec<Vec<Json>> =
        of.map(|(word, common, kinds)| choices_of(word, &common, is_named, kinds, &mut definitions)).collect();
    definitions.extend(generator.take_definitions(true));
    finish(&mut schema, definitions, &choices, &of);
    schema
}

/// The definitions of other kinds than checks; gives the choice among them.
fn choices_of(
    word: &str,
    common: &Map<String, Json>,
    is_named: &dyn Fn(&str) -> bool,
    kinds: &[KindSpec],
    definitions: &mut Map<String, Json>,
) -> Vec<Json> {
    let choices = kinds.iter().map(|kind| {
        let name = format!("{word}_{}", kind.name);
        let definition = if is_named(kind.name) {
            let (own, required) = named_properties(kind, &name, definitions);
            let fixed = json!({ "kind": { "const": kind.name, "description": kind.doc } });
            object(kind.doc, &[common, &own, as_map(&fixed)], required.iter().chain([&"kind".into()]))
        } else {
            by_name_alone(kind)
        };
        definitions.insert(name.clone(), definition);
        json!({ "$ref": format!("#/$defs/{name}") })
    });
    choices.collect()
}

/// The parts of a plan that `extends` takes out before the rest is read, and the tables that hold checks.
fn finish(schema: &mut Json, definitions: Map<String, Json>, choices: &[Json], of: &[Vec<Json>]) {
    schema["title"] = json!("A golive plan");
    if let Some(properties) = schema["properties"].as_object_mut() {
        let table_of = |entry: Json| json!({ "type": "object", "additionalProperties": entry });
        properties.insert("checks".into(), table_of(json!({ "oneOf": choices })));
        for (table, choices) in ["notifiers", "changes", "hurt"].into_iter().zip(of) {
            properties.insert(table.into(), table_of(json!({ "oneOf": choices })));
        }
        properties.insert("settings".into(), table_of(json!({ "$ref": "#/$defs/setting" })));
        properties.insert("credentials".into(), table_of(json!({ "$ref": "#/$defs/credential" })));
        let text_or_table = json!({ "anyOf": [{ "type": "string" }, { "type": "object" }] });
        properties.insert(
            "extends".into(),
            json!({ "description": "What this plan builds on; later wins, this file last.",
                    "anyOf": [{ "type": "string" }, { "type": "array", "items": text_or_table }] }),
        );
        properties.insert(
            "remove".into(),
            json!({ "description": "Ids of checks, items and steps to drop from what this plan builds on.",
                    "type": "array", "items": { "type": "string" } }),
        );
        properties.insert(
            "parameters".into(),
            json!({ "description": "Parameters of this fragment: type, default, doc.",
                    "type": "object", "additionalProperties": { "type": "object" } }),
        );
    }
    if !schema["$defs"].is_object() {
        schema["$defs"] = json!({});
    }
    if let Some(known) = schema["$defs"].as_object_mut() {
        known.extend(definitions);
    }
}

/// A kind that the plan does not name: it can still be chosen from, and suggested for one that was misspelt.
fn by_name_alone(kind: &KindSpec) -> Json {
    json!({ "type": "object", "properties": { "kind": { "const": kind.name } } })
}

fn as_map(value: &Json) -> &Map<String, Json> {
    static EMPTY: std::sync::LazyLock<Map<String, Json>> = std::sync::LazyLock::new(Map::new);
    value.as_object().unwrap_or(&EMPTY)
}

fn object<'a>(doc: &str, parts: &[&Map<String, Json>], required: impl Iterator<Item = &'a String>) -> Json {
    let mut properties = Map::new();
    for part in parts {
        properties.extend(part.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    let required: Vec<&String> = required.collect();
    json!({ "type": "object", "description": doc, "properties": properties, "required": required, "additionalProperties": false })
}

fn properties_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Map<String, Json> {
    let schema = T::json_schema(generator).to_value();
    schema["properties"].as_object().cloned().unwrap_or_default()
}

/// A kind's own keys and which of them it needs; what they refer to goes among the definitions.
fn kind_properties(kind: &KindSpec, definitions: &mut Map<String, Json>) -> (Map<String, Json>, Vec<String>) {
    named_properties(kind, kind.name, definitions)
}

fn named_properties(
    kind: &KindSpec,
    name: &str,
    definitions: &mut Map<String, Json>,
) -> (Map<String, Json>, Vec<String>) {
    let schema = (kind.schema)().to_value();
    if let Some(own) = schema["$defs"].as_object() {
        definitions.extend(own.iter().map(|(of, value)| (format!("{name}_{of}"), prefixed(value.clone(), name))));
    }
    let properties = prefixed(schema["properties"].clone(), name);
    let required =
        schema["required"].as_array().into_iter().flatten().filter_map(|key| key.as_str().map(str::to_owned));
    (properties.as_object().cloned().unwrap_or_default(), required.collect())
}

/// Two kinds may have types of one name: each kind's definitions carry its name.
fn prefixed(mut value: Json, kind: &str) -> Json {
    match &mut value {
        Json::Object(map) => {
            for (key, inner) in map.iter_mut() {
                if key == "$ref"
                    && let Some(target) = inner.as_str().and_then(|text| text.strip_prefix("#/$defs/"))
                {
                    *inner = Json::String(format!("#/$defs/{kind}_{target}"));
                } else {
                    *inner = prefixed(inner.take(), kind);
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| *item = prefixed(item.take(), kind)),
        _ => {}
    }
    value
}
