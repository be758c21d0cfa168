//! What a host shows without the program: stills, and answers about how to embed.

use std::fs;
use std::path::Path;

use delivery_lab::embed::oembed;
use delivery_lab::scenario::{Problem, Scenario, preset, preset_names};
use delivery_lab::view::poster::{self, Paper};

/// A still of a scenario.
pub fn poster(scenario: &Scenario, dark: bool) -> Result<String, Vec<Problem>> {
    poster::poster(scenario, if dark { Paper::Dark } else { Paper::Light })
}

/// Writes `posters/` and, where the address is known, `oembed/` into the folder of the built page, and tells the
/// page where its own answer is.
pub fn publish(folder: &Path, base: Option<&str>) -> Result<String, Vec<Problem>> {
    let base = base
        .map(address)
        .transpose()
        .map_err(|problem| vec![problem])?;
    let mut written = 0;
    for name in preset_names() {
        let scenario = preset(name).unwrap_or_default();
        for paper in Paper::ALL {
            let svg = poster::poster(&scenario, paper)?;
            write(
                folder,
                &format!("posters/{name}-{}.svg", paper.name()),
                &svg,
            )?;
            written += 1;
        }
        if let Some(answer) = base.as_deref().and_then(|base| oembed(base, name)) {
            write(
                folder,
                &format!("oembed/{name}.json"),
                &format!("{answer:#}\n"),
            )?;
            written += 1;
        }
    }
    if base.is_some() {
        discover(folder)?;
    }
    Ok(format!("{written} files in {}\n", folder.display()))
}

/// An absolute address of a folder, with a `/` at its end.
fn address(text: &str) -> Result<String, Problem> {
    if !text.starts_with("https://") && !text.starts_with("http://") {
        return Err(Problem::not_allowed(
            "--base",
            text,
            "an address that starts with https:// or http://",
        ));
    }
    Ok(format!("{}/", text.trim_end_matches('/')))
}

/// Names the first preset's answer in the page: a static page can only name one.
fn discover(folder: &Path) -> Result<(), Vec<Problem>> {
    let Some(first) = preset_names().next() else {
        return Ok(());
    };
    let link = format!(
        "<link rel=\"alternate\" type=\"application/json+oembed\" href=\"oembed/{first}.json\" title=\"Delivery Lab\">"
    );
    let path = folder.join("index.html");
    let page = fs::read_to_string(&path).map_err(|error| vec![failed(&path, &error)])?;
    if page.contains(&link) {
        return Ok(());
    }
    write(
        folder,
        "index.html",
        &page.replacen("</head>", &format!("{link}</head>"), 1),
    )
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), Vec<Problem>> {
    let path = folder.join(name);
    let done = path
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(&path, text));
    done.map_err(|error| vec![failed(&path, &error)])
}

fn failed(path: &Path, error: &std::io::Error) -> Problem {
    let path = path.display().to_string();
    Problem::sentence(&path, format!("{path} cannot be written: {error}."))
}
