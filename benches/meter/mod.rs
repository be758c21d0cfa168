//! What the benches share: a clock, natively and in a browser, and the form of a result.
#![allow(dead_code)] // no bench measures everything

#[cfg(not(target_arch = "wasm32"))]
mod host {
    use std::sync::OnceLock;
    use std::time::Instant;

    pub fn now_ms() -> f64 {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed().as_secs_f64() * 1000.0
    }

    pub fn print(line: &str) {
        println!("{line}");
    }

    /// The resident set, as Linux tells it.
    pub fn memory_bytes() -> f64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = resident.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        kilobytes.map_or(f64::NAN, |kilobytes: f64| kilobytes * 1024.0)
    }
}

#[cfg(target_arch = "wasm32")]
mod host {
    use js_sys::{Array, Function, Reflect, global};
    use wasm_bindgen::{JsCast, JsValue};

    /// Calls `object.method(...arguments)` on a global that every browser has.
    fn call(object: &str, method: &str, arguments: &[&str]) -> Result<JsValue, JsValue> {
        let object = Reflect::get(&global(), &object.into())?;
        let method: Function = Reflect::get(&object, &method.into())?.dyn_into()?;
        let arguments: Array = arguments
            .iter()
            .map(|text| JsValue::from_str(text))
            .collect();
        method.apply(&object, &arguments)
    }

    pub fn now_ms() -> f64 {
        let now = call("performance", "now", &[]).ok();
        now.and_then(|now| now.as_f64())
            .expect("performance.now answers a number")
    }

    pub fn print(line: &str) {
        call("console", "log", &[line]).expect("console.log takes a text");
    }

    /// The linear memory, which never shrinks.
    pub fn memory_bytes() -> f64 {
        core::arch::wasm32::memory_size::<0>() as f64 * 65_536.0
    }
}

/// Milliseconds since some moment. Browsers give tenths at best, so time whole runs.
pub fn now_ms() -> f64 {
    host::now_ms()
}

/// Memory in use now: resident natively (NaN where the system does not tell), linear in a browser.
pub fn memory_mb() -> f64 {
    host::memory_bytes() / 1e6
}

/// Runs each of `runs` once per round, in turn because machines drift, and answers the least time of each.
pub fn least_ms<const N: usize>(rounds: usize, runs: [impl Fn(); N]) -> [f64; N] {
    let mut least = [f64::INFINITY; N];
    for _ in 0..rounds {
        for (run, least) in runs.iter().zip(&mut least) {
            let start = now_ms();
            run();
            *least = least.min(now_ms() - start);
        }
    }
    least
}

/// Prints one result. A native run marks its names `_native`, a browser's `_wasm`.
pub fn report(name: &str, value: f64, unit: &str) {
    let target = if cfg!(target_arch = "wasm32") {
        "wasm"
    } else {
        "native"
    };
    host::print(&format!("{name}_{target} {value:.3} {unit}"));
}
