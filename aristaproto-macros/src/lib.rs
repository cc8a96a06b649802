//! [`generate_python!`]: typed Python from .proto files, for a crate that has no other use for a build script.
//!
//! Arguments in, a [`Config`] from them, and the paths and texts of the generated files out as constants. All the work is
//! done by aristaproto-build; the compiler calls this crate.

use std::path::{Path, PathBuf};

use aristaproto_build::DescriptorSet;
use aristaproto_build::GeneratedFile;
use aristaproto_build::{Config, Diagnostic, Options};
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{bracketed, token, Error, Ident, LitBool, LitStr, Token};

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
/// | `extern_package` | list of `"proto.package:python.package"` | as in [`Options`] |
///
/// Relative paths start at the folder of the package's Cargo.toml. A word may also be written as a string.
///
/// One folder belongs to one call: a call removes what an earlier one generated there and it did not. Give each call of a
/// crate an `out_dir` of its own.
///
/// # What it expands to
///
/// * `pub const OUT_DIR: &str`: the folder, absolute.
/// * `pub const FILES: &[(&str, &str)]`: path below the folder and text of each generated file, sorted by path, for example
///   to hand them to an embedded Python.
///
/// A .proto file that changes makes the compiler expand the macro again. The files are written only when their bytes change,
/// so that an editor that expands macros while you type leaves them alone. A new file in a folder that `protos` names, or a
/// generated file that was deleted, is seen when something else changes; a build script sees it at once.
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
    /// The paths and extern packages as they were written, to point at the one that a diagnostic names.
    paths: Vec<LitStr>,
}

impl Parse for Arguments {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let mut config = Config::new();
        config.emit_cargo_directives(false);
        let mut options = Options::default();
        let mut protos = None;
        let mut out_dir_span = Span::call_site();
        let mut paths: Vec<LitStr> = Vec::new();
        let mut seen: Vec<Ident> = Vec::new();
        while !input.is_empty() {
            let key: Ident = input.parse()?;
            if seen.contains(&key) {
                return Err(Error::new(key.span(), format!("`{key}` is given twice")));
            }
            input.parse::<Token![:]>()?;
            match key.to_string().as_str() {
                "protos" => {
                    let list = list(input)?;
                    protos = Some((key.span(), values(&list)));
                    paths.extend(list);
                }
                "includes" => {
                    let list = list(input)?;
                    config.includes(values(&list));
                    paths.extend(list);
                }
                "out_dir" => {
                    let path = input.parse::<LitStr>()?;
                    out_dir_span = path.span();
                    config.out_dir(path.value());
                }
                "protoc" => {
                    let path = input.parse::<LitStr>()?;
                    config.protoc(path.value());
                    paths.push(path);
                }
                "protoc_args" => {
                    for argument in values(&list(input)?) {
                        config.protoc_arg(argument);
                    }
                }
                name if Options::REPEATED_KEYS.contains(&name) && input.peek(token::Bracket) => {
                    let list = list(input)?;
                    for item in &list {
                        let set = options.set(name, Some(&item.value()));
                        set.map_err(|diagnostic| Error::new(item.span(), diagnostic))?;
                    }
                    paths.extend(list);
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
            paths,
        })
    }
}

fn list(input: ParseStream) -> syn::Result<Vec<LitStr>> {
    let content;
    bracketed!(content in input);
    let items = Punctuated::<LitStr, Token![,]>::parse_terminated(&content)?;
    Ok(items.into_iter().collect())
}

fn values(list: &[LitStr]) -> Vec<String> {
    list.iter().map(LitStr::value).collect()
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
    } else if input.peek(Ident::peek_any) {
        let word = input.call(Ident::parse_any)?;
        (word.to_string(), word.span())
    } else {
        let word: TokenTree = input.parse()?;
        (word.to_string(), word.span())
    };
    options
        .set(&name, Some(&word))
        .map_err(|diagnostic| Error::new(span, diagnostic))
}

impl Arguments {
    fn expand(self) -> syn::Result<TokenStream> {
        let in_protos = |error| self.mark(&error, self.protos_span);
        let set = self
            .config
            .load(&self.protos, &[] as &[PathBuf])
            .map_err(in_protos)?;
        let generated = self.config.generate(&set).map_err(in_protos)?;
        let in_folder = |error| self.mark(&error, self.out_dir_span);
        let folder = self.config.write(&generated.files).map_err(in_folder)?;
        let constants = constants(&set, &folder, &generated.files);
        let warnings = set
            .warnings
            .iter()
            .chain(&generated.warnings)
            .map(|warning| warn(warning, self.place(warning, self.protos_span)));
        Ok(quote! { #constants #(#warnings)* })
    }

    /// Puts each diagnostic at the path that it names, or else at `otherwise`.
    fn mark(&self, error: &aristaproto_build::Error, otherwise: Span) -> Error {
        error
            .diagnostics()
            .iter()
            .map(|diagnostic| Error::new(self.place(diagnostic, otherwise), diagnostic))
            .reduce(|mut all, next| {
                all.combine(next);
                all
            })
            .unwrap_or_else(|| Error::new(otherwise, error))
    }

    /// Where the path, or the proto package of a pair, stands that a diagnostic names, or else `otherwise`.
    fn place(&self, diagnostic: &Diagnostic, otherwise: Span) -> Span {
        let named = |path: &&LitStr| {
            let value = path.value();
            let name = value.split(':').next().unwrap_or_default().trim();
            let message = &diagnostic.message;
            message.contains(&format!("`{value}`")) || message.contains(&format!("`{name}`"))
        };
        let path = self.paths.iter().find(named);
        // What has a place in a .proto file may name another file by chance.
        path.filter(|_| diagnostic.location.is_none())
            .map_or(otherwise, LitStr::span)
    }
}

/// Makes the compiler warn at `span`: a macro has no other way than to use something that is deprecated.
fn warn(warning: &Diagnostic, span: Span) -> TokenStream {
    let text = warning.to_string();
    quote_spanned! {span=>
        const _: () = {
            #[deprecated(note = #text)]
            const PROTO_FILES: () = ();
            #[warn(deprecated)]
            PROTO_FILES
        };
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
