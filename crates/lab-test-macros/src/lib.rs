//! The attribute `#[lab_test::test]`, which `lab-test` documents.

use proc_macro::{TokenStream, TokenTree};

/// Makes a function one of this program's tests. It reads no more of the function than its name and the
/// attributes `#[needs(…)]`, which come after it or above a case of rstest.
#[proc_macro_attribute]
pub fn test(_arguments: TokenStream, function: TokenStream) -> TokenStream {
    let (mut needs, mut kept, mut name) = (Vec::new(), Vec::new(), None);
    let mut tokens = function.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match (&token, tokens.peek()) {
            (TokenTree::Punct(_), Some(TokenTree::Group(brackets))) => {
                if let Some(need) = need(brackets.stream()) {
                    needs.push(format!("|| {{ use ::lab_test::need::*; {need} }}"));
                    tokens.next();
                    continue;
                }
            }
            (TokenTree::Ident(word), Some(next)) if word.to_string() == "fn" => {
                name.get_or_insert_with(|| next.to_string());
            }
            _ => {}
        }
        kept.push(token);
    }
    let (name, needs) = (name.unwrap_or_default(), needs.join(", "));
    let registered = format!(
        "::lab_test::submit! {{
            ::lab_test::Test {{
                path: concat!(module_path!(), \"::{name}\"),
                place: (file!(), line!()),
                needs: &[{needs}],
                run: || ::lab_test::Done::done({name}()),
            }}
        }}"
    );
    // Rust's own words where it is not: a name that is missing.
    let registered = registered.parse().unwrap_or_else(|_| TokenStream::new());
    kept.into_iter().chain(registered).collect()
}

/// What stands in the parentheses of `needs(…)`, if that is the attribute.
fn need(attribute: TokenStream) -> Option<String> {
    let mut tokens = attribute.into_iter();
    match (tokens.next()?, tokens.next()?) {
        (TokenTree::Ident(word), TokenTree::Group(need)) if word.to_string() == "needs" => {
            Some(need.stream().to_string())
        }
        _ => None,
    }
}
