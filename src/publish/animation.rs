//! Whether a model file is an animation.

/// The end of each part of XML in which tags are text.
const TEXTS: &[(&[u8], &[u8])] = &[(b"<!--", b"-->"), (b"<![CDATA[", b"]]>"), (b"<?", b"?>")];

/// Returns whether XML has one root, which is a `KeyframeSequence`. Of the binary form, only its decompressed chunks would tell.
pub(super) fn is_animation(xml: &[u8]) -> bool {
    roots(xml).is_some_and(|roots| roots == [b"KeyframeSequence"])
}

/// Returns the classes of the instances that are in no other one. `None` if the XML is incomplete.
fn roots(xml: &[u8]) -> Option<Vec<&[u8]>> {
    let (mut rest, mut depth, mut roots) = (xml, 0_usize, Vec::new());
    while let Some(start) = rest.iter().position(|byte| *byte == b'<') {
        rest = &rest[start..];
        if let Some((_, end)) = TEXTS.iter().find(|(start, _)| rest.starts_with(start)) {
            rest = &rest[find(rest, end)? + end.len()..];
            continue;
        }
        let (tag, after) = rest.split_at(end_of_tag(rest)?);
        rest = after;
        if tag.starts_with(b"</Item") {
            depth = depth.checked_sub(1)?;
        } else if tag.strip_prefix(b"<Item").is_some_and(|tag| tag.first().is_some_and(|c| !c.is_ascii_alphanumeric()))
        {
            if depth == 0 {
                roots.push(class(tag)?);
            }
            depth += usize::from(!tag.ends_with(b"/"));
        }
    }
    (depth == 0).then_some(roots)
}

/// Returns where a tag ends. A `>` in an attribute is a part of it.
fn end_of_tag(text: &[u8]) -> Option<usize> {
    let mut quote = None;
    text.iter().position(|byte| {
        match quote {
            Some(open) if open == *byte => quote = None,
            None if matches!(byte, b'"' | b'\'') => quote = Some(*byte),
            _ => {}
        }
        quote.is_none() && *byte == b'>'
    })
}

fn class(tag: &[u8]) -> Option<&[u8]> {
    let value = &tag[find(tag, b" class=")? + b" class=".len()..];
    let (quote, value) = value.split_first()?;
    value.split(|byte| byte == quote).next()
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::is_animation;

    #[test]
    fn an_animation_has_one_root() {
        let item = |class: &str, inner: &str| {
            format!(
                "<Item class=\"{class}\" referent=\"RBX0\"><Properties><string name=\"Name\">a &lt;b</string></Properties>{inner}</Item>"
            )
        };
        let file = |items: &str| format!("<roblox version=\"4\">\n<Meta name=\"x\">true</Meta>{items}</roblox>");
        let sequence = item("KeyframeSequence", &item("Keyframe", &item("Pose", "")));
        let comment = "<!-- <Item class=\"Model\"> -->";
        let script =
            "<ProtectedString name=\"Source\"><![CDATA[</Item><Item class=\"KeyframeSequence\">]]></ProtectedString>";
        for (xml, expected) in [
            (file(&sequence), true),
            (format!("<?xml version=\"1.0\"?>{}", file(&sequence)), true),
            (file(&format!("{comment}{sequence}")), true),
            (file("<Item referent='>' class='KeyframeSequence'/>"), true),
            (file(&item("Model", &sequence)), false),
            (file(&format!("{sequence}{sequence}")), false),
            (file(&format!("{sequence}{}", item("Model", ""))), false),
            (file(&item("Script", script)), false),
            (file(&item("KeyframeSequenceProvider", "")), false),
            (file("<Items class=\"KeyframeSequence\"></Items>"), false),
            (file(""), false),
            (file("<Item class=\"KeyframeSequence\">"), false),
            ("</Item>".to_owned(), false),
            ("<roblox!\u{89}".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(is_animation(xml.as_bytes()), expected, "{xml}");
        }
    }
}
