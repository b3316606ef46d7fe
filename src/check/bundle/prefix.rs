//! Variables that a bundler publishes by their prefix: what stands in one is compiled into the bundle, word for word.

use secrecy::ExposeSecret as _;

use crate::check::bundle::Keys;
use crate::check::exposed::{Gravity, Objection};
use crate::model::values::Values;
use crate::scan::{Scanner, Sought, Weight, of_values};

/// Which bundler publishes which prefix.
const BUNDLERS: &[(&str, &str)] = &[
    ("VITE_", "Vite"),
    ("NEXT_PUBLIC_", "Next.js"),
    ("REACT_APP_", "Create React App"),
    ("NUXT_PUBLIC_", "Nuxt"),
    ("VUE_APP_", "Vue CLI"),
    ("GATSBY_", "Gatsby"),
    ("EXPO_PUBLIC_", "Expo"),
    ("NG_APP_", "the Angular builder"),
    ("PUBLIC_", "Astro or SvelteKit"),
];

/// A warning for each credential, or key of a known provider, in such a variable.
pub(super) fn objections(keys: &Keys, values: &Values) -> Vec<Objection> {
    let prefixes = &keys.public_prefixes;
    if prefixes.is_empty() {
        return Vec::new();
    }
    let (secrets, _) = of_values(values);
    let prefix_of = |variable: &str| prefixes.iter().find(|prefix| variable.starts_with(prefix.as_str()));
    let mut objections = Vec::new();
    for secret in secrets.iter().filter(|secret| !keys.may_be_public(secret)) {
        for variable in &secret.variables {
            objections.extend(prefix_of(variable).map(|prefix| warning(&secret.id, variable, prefix)));
        }
    }
    let known = Scanner::new(&[], &[], true);
    for (name, value) in values.iter().filter(|(_, value)| !value.secret) {
        let Some((variable, prefix)) = name.strip_prefix("env.").and_then(|name| Some((name, prefix_of(name)?))) else {
            continue;
        };
        let found = key_in(&known, value.text.expose_secret());
        if let Some(what) = found.filter(|what| !keys.meant_public.iter().any(|meant| meant == what)) {
            objections.push(warning(what, variable, prefix));
        }
    }
    objections
}

fn key_in(known: &Scanner, value: &str) -> Option<&'static str> {
    let mut found = None;
    let mut take = |hit: crate::scan::Hit| {
        if let Sought::Known { what, weight: Weight::Secret } = hit.sought {
            found = Some(what);
        }
    };
    // Reading from memory does not fail.
    known.scan(&mut value.as_bytes(), &mut take, &|| Ok(())).ok()?;
    found
}

fn warning(what: &str, variable: &str, prefix: &str) -> Objection {
    let bundler = BUNDLERS.iter().find(|(known, _)| *known == prefix).map_or("the bundler", |(_, bundler)| bundler);
    let sentence = format!(
        "{what} stands in {variable}: {bundler} compiles every variable that begins with {prefix} into the bundle, where every visitor can read it"
    );
    let remedy = "give the variable a name without the prefix and use it on the server only";
    Objection::new(Gravity::Warns, sentence).remedy(remedy)
}
