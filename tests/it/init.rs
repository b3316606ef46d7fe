//! A first plan comes of what a folder holds, is sound, and holds no value.

use crate::cli_kit::Home;

#[test]
fn a_folder_with_env_files_and_a_package_gives_a_plan_that_lints_and_holds_no_value() {
    let home = Home::new();
    std::fs::remove_file(home.path().join("golive.toml")).unwrap();
    let value = "FAKE-0123456789abcdef";
    home.put(".env", format!("SHOP_URL=https://shop.example\nPAYMENT_API_SECRET={value}\nNODE_ENV=production\n"));
    home.put(
        "package.json",
        r#"{ "name": "shop", "scripts": { "build": "vite build" }, "devDependencies": { "vite": "7" } }"#,
    );
    let made = home.golive(&["init"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let plan = std::fs::read_to_string(home.path().join("golive.toml")).unwrap();
    assert!(!plan.contains(value) && !plan.contains("shop.example"), "{plan}");
    for part in [
        "preset:vite",
        "name = \"shop\"",
        "[credentials.payment_api_secret]",
        "[checks.shop_url_answers]",
        "build_successful",
    ] {
        assert!(plan.contains(part), "{part} is not in\n{plan}");
    }
    let judged = home.golive(&["lint"]);
    assert_eq!(judged.code, Some(0), "{judged:?}");
    home.golive(&["init"]).refused(2, "is there already");
}

#[test]
fn an_empty_folder_gives_a_sound_plan_too() {
    let home = Home::new();
    let empty = home.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    assert_eq!(home.golive(&["init", "empty"]).code, Some(0));
    let judged = home.golive(&["lint", "empty/golive.toml"]);
    assert_eq!(judged.code, Some(0), "{judged:?}");
}
