//! Files that a demo is made of, carried in the program: rules, dashboards, configurations, the shop's schema.

use std::fs;
use std::path::Path;

use crate::demo::error::DemoError;

/// Alerting and recording rules, by file name.
const RULES: [(&str, &str); 6] = [
    ("app.yml", include_str!("../../assets/rules/app.yml")),
    ("host.yml", include_str!("../../assets/rules/host.yml")),
    ("latency.yml", include_str!("../../assets/rules/latency.yml")),
    ("monitoring.yml", include_str!("../../assets/rules/monitoring.yml")),
    ("postgres.yml", include_str!("../../assets/rules/postgres.yml")),
    ("redis.yml", include_str!("../../assets/rules/redis.yml")),
];

/// Dashboards, by file name.
const DASHBOARDS: [(&str, &str); 4] = [
    ("application.json", include_str!("../../assets/dashboards/application.json")),
    ("cache.json", include_str!("../../assets/dashboards/cache.json")),
    ("database.json", include_str!("../../assets/dashboards/database.json")),
    ("host.json", include_str!("../../assets/dashboards/host.json")),
];

/// `GameDay`s, by file name.
const GAMEDAYS: [(&str, &str); 1] = [("demo.toml", include_str!("../../assets/gamedays/demo.toml"))];

/// The shop's tables and data.
pub const SHOP_SQL: &str = include_str!("../../assets/demo/shop.sql");
/// Settings of both PostgreSQL servers.
pub const POSTGRESQL_CONF: &str = include_str!("../../assets/demo/postgresql.conf");
/// Settings of both Redis servers.
pub const REDIS_CONF: &str = include_str!("../../assets/demo/redis.conf");
/// What Prometheus scrapes.
pub const PROMETHEUS_YML: &str = include_str!("../../assets/demo/prometheus.yml");
/// Routes and receivers of the Alertmanagers.
pub const ALERTMANAGER_YML: &str = include_str!("../../assets/demo/alertmanager.yml");
/// The demo as the console's environment.
pub const MIDWATCH_TOML: &str = include_str!("../../assets/demo/midwatch.toml");

/// Writes rules, dashboards and `GameDay`s into their folders.
pub fn unpack(dir: &Path) -> Result<(), DemoError> {
    for (folder, files) in [("rules", &RULES[..]), ("dashboards", &DASHBOARDS[..]), ("gamedays", &GAMEDAYS[..])] {
        let folder = dir.join(folder);
        fs::create_dir_all(&folder).map_err(DemoError::io(format!("making {}", folder.display())))?;
        for (name, text) in files {
            let file = folder.join(name);
            fs::write(&file, text).map_err(DemoError::io(format!("writing {}", file.display())))?;
        }
    }
    Ok(())
}

/// Puts values in place of `{{name}}`.
pub fn fill(template: &str, values: &[(&str, String)]) -> String {
    values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_wherever_the_name_stands() {
        assert_eq!(fill("a {{x}} {{y}} {{x}}", &[("x", "1".into()), ("y", "{2}".into())]), "a 1 {2} 1");
    }
}
