//! What was found in a folder, and the plan that is made of it. Pure: names of variables go in, values only decide.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What a folder holds.
pub(super) struct Found {
    /// The folder's own name.
    pub(super) folder: String,
    /// The env files that are there, in the order in which they are read.
    pub(super) env_files: Vec<String>,
    /// The variables in them. Their values are looked at and never written.
    pub(super) variables: BTreeMap<String, String>,
    /// The package, where there is one.
    pub(super) package: Option<Package>,
    /// Whether it is under git.
    pub(super) has_git: bool,
}

/// What matters of a package.json.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Package {
    name: Option<String>,
    scripts: BTreeMap<String, serde_json::Value>,
    dependencies: BTreeMap<String, serde_json::Value>,
    dev_dependencies: BTreeMap<String, serde_json::Value>,
}

impl Package {
    pub(super) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    fn uses(&self, name: &str) -> bool {
        self.dependencies.contains_key(name) || self.dev_dependencies.contains_key(name)
    }
}

/// The words in a variable's name that say that it is a secret.
const SECRET: &[&str] = &["SECRET", "PASSWORD", "TOKEN", "PRIVATE", "CREDENTIAL", "API_KEY", "APIKEY"];
/// What a bundler puts before the names that it publishes: no part of what the variable is called.
const PREFIXES: &[&str] = &["VITE_", "NEXT_PUBLIC_", "REACT_APP_", "PUBLIC_"];

/// The plan.
pub(super) fn write(found: &Found) -> String {
    let secrets: Vec<&str> = names(found).filter(|name| is_secret(name)).collect();
    let urls: Vec<&str> = names(found).filter(|name| is_url(&found.variables[*name]) && !is_secret(name)).collect();
    let mut plan = head(found);
    for name in &urls {
        plan.push_str(&url(name));
    }
    for name in &secrets {
        plan.push_str(&credential(name));
    }
    if !found.variables.is_empty() {
        plan.push_str(&required(names(found)));
    }
    plan.push_str(&checklist(found, &secrets, &urls));
    plan
}

fn names(found: &Found) -> impl Iterator<Item = &str> {
    found.variables.keys().map(String::as_str)
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    SECRET.iter().any(|word| name.contains(word)) || name.ends_with("_KEY")
}

fn is_url(value: &str) -> bool {
    value.starts_with("https://")
}

/// An id as plans have them, of a variable's name.
fn id(name: &str) -> String {
    let name = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    let lower: String = name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let words: Vec<&str> = lower.split('_').filter(|word| !word.is_empty()).collect();
    match words.first() {
        Some(first) if first.starts_with(|c: char| c.is_ascii_lowercase()) => words.join("_"),
        _ => format!("v_{}", words.join("_")),
    }
}

fn head(found: &Found) -> String {
    let package = found.package.as_ref();
    let name = package.and_then(|package| package.name.clone()).unwrap_or_else(|| found.folder.clone());
    let mut text = String::from(
        "# A first plan, made by golive init from what this folder holds. Read it and make it yours: docs/PLAN.md has every key.\n",
    );
    if package.is_some_and(|package| package.uses("vite")) {
        text.push_str("extends = [\"preset:vite\"]\n");
    }
    text.push_str(&format!("\n[service]\nname = {}\nenvironment = \"production\"\n", quoted(&name)));
    if found.has_git {
        text.push_str("version = { command = [\"git\", \"describe\", \"--always\", \"--dirty\"] }\n");
    }
    if !found.env_files.is_empty() {
        let files: Vec<String> = found.env_files.iter().map(|file| quoted(file)).collect();
        text.push_str(&format!("\n[sources]\nenv_files = [{}]\nprocess_env = true\n", files.join(", ")));
    }
    text
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn url(name: &str) -> String {
    let id = id(name);
    format!(
        "\n[variables.{id}]\nenv = \"{name}\"\n\n[checks.{id}_answers]\nkind = \"http\"\nurl = \"{{{{ {id} }}}}\"\n\
         expect = \"status < 400\"\nevery = \"30s\"\n"
    )
}

fn credential(name: &str) -> String {
    format!("\n[credentials.{}]\nfrom = {{ env = \"{name}\" }}\nlength = {{ min = 16 }}\nclasses = 2\n", id(name))
}

fn required<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("  \"{name}\",\n")).collect();
    format!("\n[checks.required_variables_set]\nkind = \"variable\"\nnames = [\n{}]\n", names.concat())
}

fn checklist(found: &Found, secrets: &[&str], urls: &[&str]) -> String {
    let mut text = String::from("\n# --- The checklist ---\n");
    let mut item = |phase: &str, id: &str, title: &str, rest: &str| {
        text.push_str(&format!("\n[[{phase}]]\nid = \"{id}\"\ntitle = \"{title}\"\n{rest}\n"));
    };
    if !found.variables.is_empty() {
        item(
            "pre_deployment",
            "environment_variables_set",
            "Environment variables set",
            "checks = [\"required_variables_set\"]",
        );
    }
    if !secrets.is_empty() {
        item("pre_deployment", "credentials_validated", "Credentials validated", "checks = [\"category:credential\"]");
    }
    item(
        "pre_deployment",
        "backup_procedures_ready",
        "Backup procedures ready",
        "manual = { prompt = \"Have you seen last night's backup restored and opened?\" }",
    );
    let scripts = found.package.as_ref().map(|package| &package.scripts);
    for (script, id, title) in
        [("test", "tests_passing", "Tests passing"), ("build", "build_successful", "Build successful")]
    {
        if scripts.is_some_and(|scripts| scripts.contains_key(script)) {
            let step =
                format!("step = {{ run = [\"npm\", \"run\", \"{script}\"], timeout = \"15m\", confirm = \"yes\" }}");
            item("deployment", id, title, &step);
        }
    }
    // Nobody can guess how this system is released: a person says so until the plan knows.
    item(
        "deployment",
        "released",
        "Released",
        "manual = { prompt = \"Is the new version in place? (a step can do this: docs/PLAN.md)\" }",
    );
    if urls.is_empty() {
        item(
            "post_deployment",
            "application_healthy",
            "Application healthy",
            "manual = { prompt = \"Does the application work for a customer?\" }",
        );
    } else {
        let checks: Vec<String> = urls.iter().map(|name| format!("\"{}_answers\"", id(name))).collect();
        item(
            "post_deployment",
            "application_healthy",
            "Application healthy",
            &format!("checks = [{}]", checks.join(", ")),
        );
    }
    item(
        "rollback",
        "rollback_plan_ready",
        "Rollback plan ready",
        "manual = { prompt = \"Is it written down how to go back, and has somebody done it lately?\" }",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_snake_case_without_the_bundlers_prefix() {
        assert_eq!(id("VITE_IKHOKHA_API_URL"), "ikhokha_api_url");
        assert_eq!(id("__2FA-TOKEN"), "v_2fa_token");
    }

    #[test]
    fn what_is_called_like_a_secret_is_one() {
        for name in ["API_KEY", "VITE_SUPABASE_ANON_KEY", "webhook_secret", "DB_PASSWORD"] {
            assert!(is_secret(name), "{name}");
        }
        assert!(!is_secret("KEYBOARD_LAYOUT") && !is_secret("NODE_ENV"));
    }
}
