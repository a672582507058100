//! Grafana's transformations.

use super::super::json::Node;
use super::super::model::{Operator, Transformation};
use super::panel::calcs;

/// All that are not switched off, in order; one that midwatch doesn't do is kept by name and noted.
pub fn all(list: Node<'_>) -> Vec<Transformation> {
    let on = |t: &Node<'_>| t.is_object() && !t.at("disabled").is_true();
    list.items().into_iter().filter(on).map(|t| one(&t.at("id").string(), t.at("options"))).collect()
}

fn one(id: &str, options: Node<'_>) -> Transformation {
    known(id, options).unwrap_or_else(|| {
        options.note(&format!("the transformation {id:?} is left out"));
        Transformation::Other(id.to_owned())
    })
}

fn known(id: &str, options: Node<'_>) -> Option<Transformation> {
    Some(match id {
        "merge" | "seriesToRows" => Transformation::Merge,
        "joinByField" | "seriesToColumns" => {
            Transformation::Join(options.at("byField").filled().unwrap_or_else(|| "Time".to_owned()))
        }
        "organize" => organize(options),
        "filterFieldsByName" => keep(options),
        "sortBy" => {
            let by = options.at("sort").items().into_iter().next()?;
            Transformation::Sort { field: by.at("field").filled()?, descending: by.at("desc").is_true() }
        }
        "limit" => Transformation::Limit(options.at("limitField").count(1_000_000).unwrap_or(10) as usize),
        "reduce" => Transformation::Reduce(calcs(options.at("reducers"))),
        "labelsToFields" => Transformation::LabelsToFields,
        "renameByRegex" => {
            Transformation::Rename { regex: options.at("regex").filled()?, with: options.at("renamePattern").string() }
        }
        "groupBy" => group(options),
        "calculateField" => calculate(options)?,
        _ => return None,
    })
}

fn organize(options: Node<'_>) -> Transformation {
    let hidden = options.at("excludeByName").entries().into_iter().filter(|(_, on)| on.is_true());
    let order =
        options.at("indexByName").entries().into_iter().filter_map(|(name, at)| Some((name.to_owned(), at.count(10_000)?)));
    let rename = options.at("renameByName").entries().into_iter().filter_map(|(name, to)| Some((name.to_owned(), to.filled()?)));
    Transformation::Organize {
        hide: hidden.map(|(name, _)| name.to_owned()).collect(),
        order: order.collect(),
        rename: rename.collect(),
    }
}

fn keep(options: Node<'_>) -> Transformation {
    let include = options.at("include");
    Transformation::Keep { names: include.at("names").texts(), regex: include.at("pattern").filled() }
}

fn group(options: Node<'_>) -> Transformation {
    let (mut by, mut made) = (Vec::new(), Vec::new());
    for (field, how) in options.at("fields").entries() {
        match how.at("operation").string().as_str() {
            "groupby" => by.push(field.to_owned()),
            "aggregate" => made.push((field.to_owned(), calcs(how.at("aggregations")))),
            _ => {}
        }
    }
    Transformation::GroupBy { by, calcs: made }
}

/// Two columns, or a column and a number; other modes are not done.
fn calculate(options: Node<'_>) -> Option<Transformation> {
    if !matches!(options.at("mode").string().as_str(), "" | "binary") {
        return None;
    }
    let binary = options.at("binary");
    let (left, right) = (operand(binary.at("left"))?, operand(binary.at("right"))?);
    let operator = match binary.at("operator").string().as_str() {
        "+" => Operator::Add,
        "-" => Operator::Subtract,
        "*" => Operator::Multiply,
        "/" => Operator::Divide,
        _ => return None,
    };
    let alias = options.at("alias").filled().unwrap_or_else(|| format!("{left} {} {right}", binary.at("operator").string()));
    Some(Transformation::Calculate { alias, left, operator, right, replace: options.at("replaceFields").is_true() })
}

/// A column's name: plain, or in the matcher of Grafana 11.
fn operand(node: Node<'_>) -> Option<String> {
    if !node.is_object() {
        return node.filled();
    }
    node.at("fixed").filled().or_else(|| node.at("matcher").at("options").filled())
}
