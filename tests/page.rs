//! The page's components in a real browser.
#![cfg(all(target_arch = "wasm32", feature = "page"))]

use delivery_lab::scenario::link::open;
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::*;
use web_sys::{Element, Event, HtmlElement, HtmlInputElement, HtmlSelectElement};

wasm_bindgen_test_configure!(run_in_browser);

/// A mounted page. It is taken away when it is dropped.
struct Page {
    host: HtmlElement,
    handle: Option<Box<dyn std::any::Any>>,
}

struct Handle<T>(#[allow(dead_code)] T);

impl Page {
    async fn open(query: &str) -> Page {
        let document = web_sys::window().unwrap().document().unwrap();
        let host: HtmlElement = document.create_element("div").unwrap().unchecked_into();
        host.style().set_property("width", "1000px").unwrap();
        document.body().unwrap().append_child(&host).unwrap();
        let handle = delivery_lab::ui::mount(host.clone(), open(query, ""));
        let page = Page {
            host,
            handle: Some(Box::new(Handle(handle))),
        };
        settle().await;
        page
    }

    fn find(&self, selector: &str) -> Element {
        let found = self.host.query_selector(selector).unwrap();
        found.unwrap_or_else(|| panic!("there is no {selector}"))
    }

    fn text(&self, selector: &str) -> String {
        self.find(selector).text_content().unwrap()
    }

    /// The clock as it is seen, without the words that are only heard.
    fn clock(&self) -> String {
        let text = self.text(".clock");
        let seen = text.strip_prefix("Time in the run: ");
        seen.unwrap_or_else(|| panic!("the clock says `{text}`"))
            .into()
    }

    async fn click(&self, selector: &str) {
        self.find(selector).unchecked_into::<HtmlElement>().click();
        settle().await;
    }

    /// Opens what stands behind these words.
    async fn open_details(&self, words: &str) {
        let all = self.host.get_elements_by_tag_name("details");
        let details = (0..all.length())
            .map(|i| all.item(i).unwrap())
            .find(|one| one.text_content().unwrap().starts_with(words));
        let details = details.unwrap_or_else(|| panic!("nothing stands behind {words}"));
        details.set_attribute("open", "").unwrap();
        settle().await;
    }

    async fn slide(&self, id: &str, to: &str) {
        let input: HtmlInputElement = self.find(id).unchecked_into();
        input.set_value(to);
        input.dispatch_event(&event("input")).unwrap();
        settle().await;
    }

    fn value(&self, selector: &str) -> String {
        self.find(selector)
            .unchecked_into::<HtmlInputElement>()
            .value()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.handle.take();
        self.host.remove();
    }
}

fn event(name: &str) -> Event {
    let init = web_sys::EventInit::new();
    init.set_bubbles(true);
    Event::new_with_event_init_dict(name, &init).unwrap()
}

/// Effects have run and a frame has been drawn.
async fn settle() {
    TimeoutFuture::new(60).await;
}

#[wasm_bindgen_test]
async fn nothing_moves_before_play_and_pause_stops() {
    let page = Page::open("preset=order-processing&rate=100").await;
    TimeoutFuture::new(200).await;
    assert_eq!(page.clock(), "00:00.000");
    page.click(".play").await;
    assert_eq!(
        page.find(".play").get_attribute("aria-label").unwrap(),
        "Pause"
    );
    TimeoutFuture::new(400).await;
    let played = page.clock();
    assert_ne!(played, "00:00.000");
    page.click(".play").await;
    let paused = page.clock();
    TimeoutFuture::new(300).await;
    assert_eq!(page.clock(), paused);
}

#[wasm_bindgen_test]
async fn a_slider_changes_the_scenario_and_says_so() {
    let page = Page::open("preset=order-processing&loss=0").await;
    assert_eq!(
        page.value("input[aria-label='Requests lost, exact value']"),
        "0 %"
    );
    page.slide("#set-loss", "5").await;
    let shown = page.value("input[aria-label='Requests lost, exact value']");
    assert_ne!(shown, "0 %");
    let spoken = page
        .find("#set-loss")
        .get_attribute("aria-valuetext")
        .unwrap();
    let number = shown.trim_end_matches(" %");
    assert_eq!(spoken, format!("{number} percent of requests lost"));
}

#[wasm_bindgen_test]
async fn an_exact_value_can_be_typed_and_a_bad_one_is_answered() {
    let page = Page::open("preset=order-processing&loss=0").await;
    let field: HtmlInputElement = page
        .find("input[aria-label='Requests lost, exact value']")
        .unchecked_into();
    field.set_value("1/8");
    field.dispatch_event(&event("change")).unwrap();
    settle().await;
    assert_eq!(field.value(), "12.5 %");
    field.set_value("very much");
    field.dispatch_event(&event("change")).unwrap();
    settle().await;
    assert_eq!(field.value(), "12.5 %");
    let notice = page.text(".notice");
    assert!(
        notice.contains("loss") && notice.contains("very much"),
        "{notice}"
    );
}

#[wasm_bindgen_test]
async fn a_guarantee_can_be_chosen_and_the_verdict_follows_it() {
    let page = Page::open("preset=order-processing").await;
    let select: HtmlSelectElement = page.find(".verdict select.promise").unchecked_into();
    select.set_value("at-most-once");
    select.dispatch_event(&event("change")).unwrap();
    settle().await;
    let kept = page.text(".verdict .kept");
    assert!(kept.contains("some may be lost"), "{kept}");
}

#[wasm_bindgen_test]
async fn a_bad_parameter_is_answered_and_the_notice_can_be_dismissed() {
    let page = Page::open("preset=order-processing&loss=lots").await;
    let notice = page.text(".notice");
    assert!(
        notice.contains("loss") && notice.contains("lots"),
        "{notice}"
    );
    assert_eq!(
        page.value("input[aria-label='Requests lost, exact value']"),
        "5 %"
    );
    page.click(".notice button").await;
    assert!(page.host.query_selector(".notice").unwrap().is_none());
}

#[wasm_bindgen_test]
async fn steps_go_forth_and_back() {
    let page = Page::open("preset=order-processing&rate=100").await;
    let step = "button[title='Step']";
    for _ in 0..40 {
        page.find(step).unchecked_into::<HtmlElement>().click();
    }
    settle().await;
    let there = page.text("#summary");
    page.click(step).await;
    page.click("button[title='Step back']").await;
    assert_eq!(page.text("#summary"), there);
    page.click("button[title='Reset']").await;
    assert_eq!(page.clock(), "00:00.000");
}

#[wasm_bindgen_test]
async fn an_instance_can_be_crashed_by_a_button() {
    let page = Page::open("preset=order-processing&rate=100&crash=0&t=2s").await;
    page.open_details("Break something now").await;
    page.click(".side .crashes button").await;
    let summary = page.text("#summary");
    assert!(summary.contains("1 of 1 down"), "{summary}");
}

#[wasm_bindgen_test]
async fn the_figure_alone_has_no_page_around_it() {
    let page = Page::open("preset=order-processing&embed=1").await;
    assert!(page.host.query_selector(".side").unwrap().is_none());
    assert!(page.host.query_selector("header").unwrap().is_none());
    assert!(page.host.query_selector("canvas").unwrap().is_some());
    assert!(page.host.query_selector(".play").unwrap().is_some());
}
