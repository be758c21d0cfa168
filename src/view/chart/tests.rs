use super::*;
use crate::scenario::{Span, preset};

fn run(seconds: u64) -> Timeline {
    let mut scenario = preset("order-processing").expect("it is built in");
    scenario.load.rate = 50;
    scenario.duration = Span::s(10);
    let mut timeline = Timeline::new(scenario).expect("it runs");
    timeline.seek(seconds * 1_000_000);
    timeline
}

#[test]
fn the_last_value_of_each_line_is_what_the_report_says() {
    let timeline = run(6);
    let report = timeline.report();
    for (figure, wanted) in [
        (
            Figure::Repeated,
            report
                .services
                .iter()
                .map(|s| s.duplicated)
                .collect::<Vec<_>>(),
        ),
        (
            Figure::Lost,
            report.services.iter().map(|s| s.lost).collect(),
        ),
    ] {
        let chart = Chart::of(&timeline, figure);
        let last: Vec<u64> = chart
            .curves
            .iter()
            .map(|c| c.values.last().copied().flatten().expect("a count") as u64)
            .collect();
        assert_eq!(last, wanted, "{figure:?}");
    }
    assert!(report.services.iter().any(|s| s.lost + s.duplicated > 0));
}

#[test]
fn a_rate_is_what_was_published_in_the_last_second() {
    let timeline = run(6);
    let chart = Chart::of(&timeline, Figure::Rate);
    let published = &chart.curves[0];
    assert_eq!(published.service, None);
    let rate = published.values.last().copied().flatten().expect("a rate");
    assert!((35.0..65.0).contains(&rate), "{rate}");
    assert_eq!(published.values[0], None, "no rate over no time");
}

#[test]
fn latency_is_the_mean_over_the_window() {
    let timeline = run(6);
    let chart = Chart::of(&timeline, Figure::Latency);
    let samples = timeline.series().samples();
    let i = 150;
    let then = samples
        .iter()
        .find(|s| s.at + WINDOW >= samples[i].at)
        .expect("within the window");
    let (a, b) = (then.services[0].count, samples[i].services[0].count);
    let mean = (b.latency_sum - a.latency_sum) as f64 / (b.timed - a.timed) as f64;
    assert_eq!(chart.curves[0].values[i], Some(mean));
}

#[test]
fn a_place_of_the_drawing_and_its_moment_agree() {
    let chart = Chart::of(&run(3), Figure::Lag);
    assert_eq!(chart.moment(0.0), 0);
    assert_eq!(chart.moment(1.0), chart.end());
    assert_eq!(chart.nearest(chart.end()), chart.times.len() - 1);
    let middle = chart.nearest(chart.end() / 2);
    let step = chart.times[1] - chart.times[0];
    assert!(chart.times[middle].abs_diff(chart.end() / 2) <= step / 2 + 1);
}

#[test]
fn every_line_is_drawn_with_a_sign_and_dashes_of_its_own() {
    let chart = Chart::of(&run(4), Figure::Lag);
    let svg = chart.to_svg(chart.times.len() - 1);
    assert_eq!(svg.matches("class=\"curve\"").count(), chart.curves.len());
    for n in 0..chart.curves.len() {
        assert!(svg.contains(&format!("class=\"service-{n}\"")), "{svg}");
    }
    let signs = svg.matches("<polygon").count() + svg.matches("<circle").count();
    assert_eq!(signs, chart.curves.len());
    let mut dashes: Vec<&str> = svg
        .split("stroke-dasharray=\"")
        .skip(1)
        .filter_map(|s| s.split('"').next())
        .collect();
    dashes.sort_unstable();
    dashes.dedup();
    assert_eq!(dashes.len(), chart.curves.len());
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
}

#[test]
fn the_table_has_the_chart_s_values_and_stays_short() {
    let chart = Chart::of(&run(5), Figure::Lag);
    let rows = chart.rows();
    assert!((20..=26).contains(&rows.len()), "{}", rows.len());
    let last = rows.last().expect("rows");
    let said = chart.described(chart.times.len() - 1);
    for (curve, value) in chart.curves.iter().zip(&last[1..]) {
        assert!(said.contains(&format!("{} {value}", curve.name)), "{said}");
    }
}

#[test]
fn a_run_that_has_not_begun_has_an_empty_chart() {
    let timeline = Timeline::new(preset("lost-ack").expect("it is built in")).expect("it runs");
    for figure in Figure::ALL {
        let chart = Chart::of(&timeline, figure);
        let svg = chart.to_svg(0);
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}

#[test]
fn the_file_has_a_line_for_each_sample() {
    let timeline = run(2);
    let csv = to_csv(&timeline);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), timeline.series().samples().len() + 1);
    let columns = lines[0].split(',').count();
    assert!(lines.iter().all(|line| line.split(',').count() == columns));
    assert!(lines[0].contains("payment_lag"));
}

#[test]
fn the_axis_has_room_for_its_highest_value() {
    let mut chart = Chart::of(&run(5), Figure::Rate);
    for (value, words) in [(4_100.0, "5000/s"), (11_000.0, "20k/s"), (1e6, "1000k/s")] {
        chart.curves[0].values[0] = Some(value);
        let svg = chart.to_svg(0);
        assert!(svg.contains(&format!(">{words}<")), "{value}: {svg}");
    }
}
