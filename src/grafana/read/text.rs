//! What a text panel says: Markdown and HTML without their marks, for a screen that has words only.

use super::super::json::Node;

/// Tags of HTML that leave their words where they are. Other words in angle brackets are an author's placeholders and stay.
const INLINE: [&str; 20] = [
    "a", "abbr", "b", "big", "body", "code", "del", "em", "font", "html", "i", "img", "small", "span", "strong", "sub", "sup",
    "svg", "u", "path",
];
/// Tags that begin a line.
const BLOCKS: [&str; 27] = [
    "blockquote",
    "br",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "iframe",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "thead",
    "ul",
];
/// Tags that begin a line and stand for something at its head or between its parts.
const MARKS: [(&str, &str); 4] = [("li", "\n- "), ("tr", "\n"), ("td", "  "), ("th", "  ")];
/// Inside of these are no words.
const SILENT: [&str; 2] = ["style", "script"];
const ENTITIES: [(&str, &str); 6] =
    [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];

/// The words of a text panel, line by line; variables not yet put in.
pub fn words(panel: Node<'_>) -> String {
    let content = panel.at("options").at("content").filled().or_else(|| panel.at("content").filled()).unwrap_or_default();
    let text = entities(&linked(&untagged(&content)));
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines().map(|line| line.trim_end().trim_start_matches('#')) {
        if !line.trim().is_empty() || lines.last().is_some_and(|last| !last.trim().is_empty()) {
            lines.push(line);
        }
    }
    lines.join("\n").trim().replace("**", "")
}

fn entities(text: &str) -> String {
    ENTITIES.iter().fold(text.to_owned(), |text, (entity, sign)| text.replace(entity, sign))
}

/// Without HTML's tags and comments.
fn untagged(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        let tagged = &rest[at..];
        rest = if let Some((stands_for, after)) = tag(tagged) {
            out.push_str(stands_for);
            after
        } else {
            out.push('<');
            &tagged[1..]
        };
    }
    out + rest
}

/// What the tag or comment at the head of a text stands for, and what comes behind it.
fn tag(text: &str) -> Option<(&'static str, &str)> {
    if let Some(comment) = text.strip_prefix("<!--") {
        return Some(("", comment.split_once("-->").map_or("", |(_, after)| after)));
    }
    let (inner, after) = text[1..].split_once('>')?;
    let closing = inner.starts_with('/');
    let name = inner.trim_start_matches('/');
    let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
    let name = name[..end].to_ascii_lowercase();
    if SILENT.contains(&name.as_str()) && !closing {
        let closed = after.split_once(&format!("</{name}")).and_then(|(_, rest)| rest.split_once('>'));
        return Some(("", closed.map_or("", |(_, after)| after)));
    }
    let mark = MARKS.iter().find(|(tag, _)| *tag == name).map(|(_, mark)| if closing { "" } else { *mark });
    let block = BLOCKS.contains(&name.as_str()).then_some("\n");
    let silent = INLINE.iter().chain(&SILENT).any(|tag| *tag == name).then_some("");
    Some((mark.or(block).or(silent)?, after))
}

/// Markdown's links and pictures as words, with the address behind them where it can be opened from elsewhere.
fn linked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("](") {
        let Some((start, (address, tail))) = before.rfind('[').zip(after.split_once(')')) else {
            out.extend([before, "]("]);
            rest = after;
            continue;
        };
        let picture = before[..start].ends_with('!');
        out.push_str(before[..start].trim_end_matches('!'));
        out.push_str(&before[start + 1..]);
        if address.starts_with("http") && !picture {
            out.extend([" (", address, ")"]);
        }
        rest = tail;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::json::{Notes, Site};
    use super::*;

    fn said(content: &str) -> String {
        let (value, notes) = (json!({"options": {"content": content}}), Notes::default());
        let site = Site { what: String::new(), notes: &notes };
        words(Node::root(&value, &site))
    }

    #[test]
    fn marks_go_and_words_stay() {
        let rows = [
            ("<div class=\"x\">\n  <span>QUEUE &amp; JOBS</span>\n</div>", "QUEUE & JOBS"),
            ("<h2>First</h2>Do<br/>this<ul><li>one</li><li>two</li></ul>", "First\nDo\nthis\n\n- one\n- two"),
            ("<style>p { color: red }</style>a<!-- b -->c", "ac"),
            (
                "# Title\n\n\n\n**Call** the [team](https://example.org/on-call), [not me](#x)",
                "Title\n\nCall the team (https://example.org/on-call), not me",
            ),
            ("![logo](https://example.org/logo.svg)", "logo"),
            ("kubectl delete pod <name> if a < b", "kubectl delete pod <name> if a < b"),
            ("a [b] c](d", "a [b] c](d"),
            ("<", "<"),
            ("", ""),
        ];
        for (content, want) in rows {
            let got = said(content).lines().map(str::trim).collect::<Vec<_>>().join("\n");
            assert_eq!(got, want, "{content}");
        }
    }
}
