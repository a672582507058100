//! A strict reader of what was written to a terminal: only sequences that the console itself writes, and only text that cannot
//! move the cursor, change the title, reach the clipboard or turn the direction of reading.

/// What was written between taking the terminal and giving it back, and is not the console's own.
pub fn foreign(raw: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(raw);
    let taken = text.find(TAKE).expect("the console took the terminal");
    let held = &text[taken + TAKE.len()..];
    let held = &held[..held.rfind(GIVE).unwrap_or(held.len())];
    let mut found = Vec::new();
    let mut rest = held;
    while let Some(c) = rest.chars().next() {
        rest = match c {
            '\x1b' => sequence(rest, &mut found),
            c => {
                if !harmless(c) {
                    found.push(format!("{c:?}"));
                }
                &rest[c.len_utf8()..]
            }
        };
    }
    found
}

/// The alternate screen, entered and left.
const TAKE: &str = "\x1b[?1049h";
const GIVE: &str = "\x1b[?1049l";

/// Reads one escape sequence; the last one may be cut.
fn sequence<'a>(text: &'a str, found: &mut Vec<String>) -> &'a str {
    let Some(inside) = text.strip_prefix("\x1b[") else {
        if text.len() > 1 {
            found.push(format!("{:?}", text.chars().take(12).collect::<String>()));
        }
        return &text[1..];
    };
    let Some(end) = inside.find(|c: char| !matches!(c, '0'..='9' | ';' | ':' | '?' | '$')) else { return "" };
    let (parameters, rest) = inside.split_at(end);
    let last = rest.chars().next().unwrap_or_default();
    if !known(parameters, last) {
        found.push(format!("ESC[{parameters}{last}"));
    }
    &rest[last.len_utf8()..]
}

/// The sequences that this console writes.
fn known(parameters: &str, last: char) -> bool {
    match last {
        // To a cell.
        'H' => parameters.split(';').count() <= 2 && numbers(parameters),
        // Colours and modifiers; never blinking (5, 6) or hidden (8).
        'm' => numbers(&parameters.replace(':', ";")) && !blinks(parameters),
        // So many cells forward, so many cells erased.
        'C' | 'X' => parameters.is_empty() || parameters.parse::<u16>().is_ok(),
        // Clears the screen or the rest of a line.
        'J' => parameters == "2",
        'K' => parameters.is_empty(),
        // Shows or hides the cursor, alternate screen, bracketed paste, mouse, a frame shown whole.
        'h' | 'l' => matches!(parameters, "?25" | "?1049" | "?2004" | "?1000" | "?1006" | "?2026"),
        // The one question, at the beginning.
        'p' => parameters == "?2026$",
        _ => false,
    }
}

fn numbers(parameters: &str) -> bool {
    parameters.split(';').all(|number| number.is_empty() || number.parse::<u16>().is_ok())
}

/// `38;5;8` is a colour, `5` blinks.
fn blinks(parameters: &str) -> bool {
    let mut numbers = parameters.split([';', ':']);
    while let Some(number) = numbers.next() {
        match number {
            "38" | "48" | "58" => {
                let skip = if numbers.next() == Some("2") { 3 } else { 1 };
                numbers.nth(skip - 1);
            }
            "5" | "6" | "8" => return true,
            _ => {}
        }
    }
    false
}

fn harmless(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{61c}' | '\u{200b}'..='\u{200c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The parameters of every SGR sequence that sets a colour.
pub fn colours(raw: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(raw).into_owned();
    let sequences = text.split("\x1b[").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
        (rest.as_bytes()[end] == b'm').then(|| rest[..end].to_owned())
    });
    sequences.filter(|parameters| parameters.split([';', ':']).any(sets_colour)).collect()
}

/// 39, 49 and 59 take colours back.
fn sets_colour(number: &str) -> bool {
    matches!(number.parse(), Ok(30..=38 | 40..=48 | 58 | 90..=97 | 100..=107_u16))
}

#[test]
fn rule_04_the_strict_reader_finds_what_is_foreign() {
    let held = |text: &str| foreign(format!("shell\x07{TAKE}{text}{GIVE}\r\nshell").as_bytes());
    assert_eq!(held("\x1b[2;3H\x1b[38;5;8;49m✖ caf\u{e9}\x1b[0m\x1b[?25l\x1b[2J"), Vec::<String>::new());
    for raw in
        ["\x07", "\u{9b}31m", "\x1b]0;title\x07", "\x1b[5m", "\x1b[6n", "\x1b[?1003h", "\x1bc", "\n", "\u{202e}", "\x1b[9;9;9H"]
    {
        assert!(!held(raw).is_empty(), "{raw:?}");
    }
    assert_eq!(colours(b"\x1b[1;38;5;2mx\x1b[39;49;0m\x1b[4m"), ["1;38;5;2"]);
}
