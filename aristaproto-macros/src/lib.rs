//! [`generate_python!`]: typed Python from .proto files, for a crate that has no other use for a build script.
//!
//! Arguments in, a [`Config`] from them, and the paths and texts of the generated files out as constants. All the work is
//! done by aristaproto-build; the compiler calls this crate.

use std::path::{Path, PathBuf};

use aristaproto_build::python::GeneratedFile;
use aristaproto_build::source::DescriptorSet;
use aristaproto_build::{Config, Options};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{bracketed, Error, Ident, LitBool, LitStr, Token};

/// Generates Python for .proto files while the crate is compiled.
///
/// ```ignore
/// mod python {
///     aristaproto_macros::generate_python! {
///         protos: ["proto/example.proto"],
///         includes: ["proto"],
///         out_dir: "python/lib",
///         client_generation: sync_async,
///         server_generation: async,
///     }
/// }
/// ```
///
/// # Arguments
///
/// | key | value | |
/// |---|---|---|
/// | `protos` | list of paths | files, or folders for every .proto below them; must be given |
/// | `includes` | list of paths | where imports are looked for; each file's own folder if not given |
/// | `out_dir` | path | the root of the generated package; `OUT_DIR/python` if not given, which takes a build.rs (it may be empty) |
/// | `protoc` | path | the protoc that reads the files |
/// | `protoc_args` | list | more arguments for it |
/// | `client_generation`, `client_async_transport`, `server_generation`, `server_async_transport` | word | as in [`Options`] |
/// | `pydantic_dataclasses`, `google_protobuf_descriptors` | `true` or `false` | as in [`Options`] |
///
/// Relative paths start at the folder of the package's Cargo.toml. A word may also be written as a string.
///
/// # What it expands to
///
/// * `pub const OUT_DIR: &str`: the folder, absolute.
/// * `pub const FILES: &[(&str, &str)]`: path below the folder and text of each generated file, sorted by path, for example
///   to hand them to an embedded Python.
///
/// A .proto file that changes makes the compiler expand the macro again. The files are written only when their bytes change,
/// so that an editor that expands macros while you type leaves them alone. A new file in a folder that `protos` names
/// is seen when something else changes.
///
/// # Errors
///
/// A wrong argument is marked in the source; a fault in a .proto file is named with its file, line and column.
#[proc_macro]
pub fn generate_python(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    syn::parse(input)
        .and_then(|arguments: Arguments| arguments.expand())
        .unwrap_or_else(Error::into_compile_error)
        .into()
}

/// The keys that are not [`Options`].
const OWN_KEYS: [&str; 5] = ["protos", "includes", "out_dir", "protoc", "protoc_args"];

struct Arguments {
    config: Config,
    protos: Vec<PathBuf>,
    /// Where to point when a .proto file is at fault, and when the folder is.
    protos_span: Span,
    out_dir_span: Span,
}

impl Parse for Arguments {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let mut config = Config::new();
        config.emit_cargo_directives(false);
        let mut options = Options::default();
        let mut protos = None;
        let mut out_dir_span = Span::call_site();
        let mut seen: Vec<Ident> = Vec::new();
        while !input.is_empty() {
            let key: Ident = input.parse()?;
            if seen.contains(&key) {
                return Err(Error::new(key.span(), format!("`{key}` is given twice")));
            }
            input.parse::<Token![:]>()?;
            match key.to_string().as_str() {
                "protos" => protos = Some((key.span(), list(input)?)),
                "includes" => {
                    config.includes(list(input)?);
                }
                "out_dir" => {
                    let path = input.parse::<LitStr>()?;
                    out_dir_span = path.span();
                    config.out_dir(path.value());
                }
                "protoc" => {
                    config.protoc(input.parse::<LitStr>()?.value());
                }
                "protoc_args" => {
                    for argument in list(input)? {
                        config.protoc_arg(argument);
                    }
                }
                _ => set_option(&mut options, &key, input)?,
            }
            seen.push(key);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        config.options(options);
        let (protos_span, protos) = protos.ok_or_else(|| {
            Error::new(
                Span::call_site(),
                "`protos` is missing: write `protos: [\"proto/example.proto\"]`",
            )
        })?;
        Ok(Self {
            config,
            protos: protos.into_iter().map(PathBuf::from).collect(),
            protos_span,
            out_dir_span,
        })
    }
}

fn list(input: ParseStream) -> syn::Result<Vec<String>> {
    let content;
    bracketed!(content in input);
    let items = Punctuated::<LitStr, Token![,]>::parse_terminated(&content)?;
    Ok(items.iter().map(LitStr::value).collect())
}

/// Sets one of the options that all doors share. A word may be a keyword of Rust (`async`).
fn set_option(options: &mut Options, key: &Ident, input: ParseStream) -> syn::Result<()> {
    let name = key.to_string();
    if !Options::KEYS.contains(&name.as_str()) {
        return Err(Error::new(key.span(), Options::unknown(&name, &OWN_KEYS)));
    }
    let (word, span) = if input.peek(LitStr) {
        let word: LitStr = input.parse()?;
        (word.value(), word.span())
    } else if input.peek(LitBool) {
        let word: LitBool = input.parse()?;
        (word.value.to_string(), word.span)
    } else {
        let word = input.call(<Ident as syn::ext::IdentExt>::parse_any)?;
        (word.to_string(), word.span())
    };
    options
        .set(&name, Some(&word))
        .map_err(|diagnostic| Error::new(span, diagnostic))
}

impl Arguments {
    fn expand(self) -> syn::Result<TokenStream> {
        let in_protos = |error: aristaproto_build::Error| Error::new(self.protos_span, error);
        let set = self
            .config
            .load(&self.protos, &[] as &[PathBuf])
            .map_err(in_protos)?;
        let files = self.config.generate(&set).map_err(in_protos)?;
        let in_folder = |error: aristaproto_build::Error| Error::new(self.out_dir_span, error);
        let folder = self.config.write(&files).map_err(in_folder)?;
        Ok(constants(&set, &folder, &files))
    }
}

fn constants(set: &DescriptorSet, folder: &Path, files: &[GeneratedFile]) -> TokenStream {
    let folder = folder.display().to_string();
    let paths = files.iter().map(|file| &file.path);
    let texts = files.iter().map(|file| &file.text);
    let read = set.files_read.iter().map(|path| path.display().to_string());
    quote! {
        /// The root of the generated Python package.
        pub const OUT_DIR: &str = #folder;
        /// The path below `OUT_DIR` and the text of each generated file.
        pub const FILES: &[(&str, &str)] = &[#((#paths, #texts)),*];
        // The compiler expands the macro again when one of these changes.
        const _: &[&[u8]] = &[#(::core::include_bytes!(#read)),*];
    }
}
