//! The parameters' documentation, from their tables.

use delivery_lab::scenario::link::PAGE_OPTIONS;
use delivery_lab::scenario::params::{self, Group, Param, Scope};

/// Every parameter as Markdown: one table for each group, and one for what links say about the page.
pub fn parameters() -> String {
    let mut text = String::from(
        "# Parameters\n\n\
         For links (`?loss=5%25&payment.guarantee=exactly-once`) and for `lab run --set loss=5%`. Names are read in any \
         case. A parameter of a service stands behind the service's name and a dot. *Live* ones change while the run goes \
         on; a change of another starts it again.\n",
    );
    for group in Group::ALL {
        text.push_str(&format!(
            "\n## {}\n\n| name | what | values | also read as | live |\n|---|---|---|---|---|\n",
            group.title()
        ));
        for param in params::all().filter(|param| param.group == group) {
            text.push_str(&row(param));
        }
    }
    text.push_str("\n## The page\n\nIn links only.\n\n| name | what | values |\n|---|---|---|\n");
    text.push_str("| `preset` | The scenario to start from. | a name from `lab presets` |\n");
    for option in PAGE_OPTIONS {
        text.push_str(&format!(
            "| `{}` | {} | {} |\n",
            option.name, option.doc, option.allowed
        ));
    }
    text
}

fn row(param: &Param) -> String {
    let owner = if param.scope == Scope::Service {
        "<service>."
    } else {
        ""
    };
    let also: Vec<String> = param
        .also
        .iter()
        .map(|name| format!("`{owner}{name}`"))
        .collect();
    format!(
        "| `{owner}{}` | {} | {} | {} | {} |\n",
        param.name,
        param.doc,
        param.kind.allowed(),
        also.join(", "),
        if param.live { "yes" } else { "" },
    )
}
