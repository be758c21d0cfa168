//! What an author pastes: a link, an iframe, the element, Markdown.

use serde_json::{Value, json};

use crate::scenario::link::{PageOptions, link};
use crate::scenario::{Intervention, Problem, Scenario, preset, preset_names};

/// The size of an embed that is pasted by a service which asks for one.
const SIZE: (u32, u32) = (960, 540);

/// The same moment of a scenario, for every place it may be pasted into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Address of the page.
    pub link: String,
    /// The figure in a frame.
    pub iframe: String,
    /// The figure as an element, with the script that defines it.
    pub element: String,
    /// A picture that leads to the page where there is one of the preset, otherwise words that do.
    pub markdown: String,
}

/// Writes them for a page at `base`, an absolute address that ends in `/`.
///
/// # Errors
/// A [`Problem`] when the link would be longer than a link may be.
pub fn share(
    base: &str,
    scenario: &Scenario,
    page: &PageOptions,
    interventions: &[Intervention],
) -> Result<Share, Problem> {
    let with = |embed: bool| {
        let page = PageOptions {
            embed,
            ..page.clone()
        };
        link(scenario, &page, interventions)
    };
    let address = format!("{base}{}", with(false)?);
    let title = title(scenario, page);
    Ok(Share {
        iframe: iframe(&format!("{base}{}", with(true)?), title),
        element: element(base, &with(false)?, &address, scenario, title),
        markdown: markdown(base, &address, scenario, title),
        link: address,
    })
}

fn title<'a>(scenario: &'a Scenario, page: &'a PageOptions) -> &'a str {
    match page.title.as_str() {
        "" => &scenario.title,
        title => title,
    }
}

fn iframe(address: &str, title: &str) -> String {
    format!(
        "<iframe src=\"{}\" title=\"{}\" loading=\"lazy\" allow=\"fullscreen; clipboard-write\" \
         style=\"width:100%;aspect-ratio:16/9;min-height:256px;border:0\"></iframe>",
        html(address),
        html(title)
    )
}

/// What stands between the tags is shown where the script does not run, and in print.
fn element(base: &str, query: &str, address: &str, scenario: &Scenario, title: &str) -> String {
    format!(
        "<script type=\"module\" src=\"{}embed.js\"></script>\n<delivery-lab{}>\n  <a href=\"{}\">{}</a>: {}\n</delivery-lab>",
        html(base),
        attributes(query),
        html(address),
        html(title),
        html(&scenario.watch_for)
    )
}

fn attributes(link: &str) -> String {
    let (query, fragment) = link.split_once('#').unwrap_or((link, ""));
    let pairs = query.trim_start_matches('?').split('&');
    let mut text = String::new();
    for pair in pairs.filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        text.push_str(&format!(
            " {}=\"{}\"",
            kebab(&plain(name)),
            html(&plain(value))
        ));
    }
    if !fragment.is_empty() {
        text.push_str(&format!(" state=\"{}\"", html(fragment)));
    }
    text
}

/// `ackLoss` as attributes are written: `ack-loss`.
fn kebab(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            text.push('-');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}

/// A part of a query without its escapes.
fn plain(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(if first == b'+' { b' ' } else { first });
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn markdown(base: &str, address: &str, scenario: &Scenario, title: &str) -> String {
    let title = title.replace(['[', ']'], "");
    let known = preset_names().any(|name| name == scenario.name);
    let words = if known {
        format!("![{title}]({base}posters/{}-light.svg)", scenario.name)
    } else {
        title
    };
    format!("[{words}]({address})")
}

/// Text as it stands in HTML, in an attribute too.
fn html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// What a service hears that asks how to embed a preset (oEmbed 1.0, `rich`). `None` when there is no such preset.
pub fn oembed(base: &str, name: &str) -> Option<Value> {
    let scenario = preset(name)?;
    let page = PageOptions::default();
    let shared = share(base, &scenario, &page, &[]).ok()?;
    let (width, height) = SIZE;
    Some(json!({
        "version": "1.0",
        "type": "rich",
        "provider_name": "Delivery Lab",
        "provider_url": base,
        "title": scenario.title,
        "html": shared.iframe,
        "width": width,
        "height": height,
    }))
}
