//! Proto crates (`Config::export`, `Config::depends_on`) in real cargo workspaces: `acme-shared` owns a package, `acme-orders` stands
//! on it under another name, `acme-shop` on both. What cargo compiles shows that the Rust types fit, a Python that imports the
//! trees that the Python types do.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aristaproto_tests::{protoc, run_python, workspace};
use tempfile::TempDir;
use walkdir::WalkDir;

const MONEY: &str = "\
syntax = \"proto3\";
package acme.shared;
enum Unit {
  UNIT_UNSPECIFIED = 0;
  UNIT_EURO = 1;
}
message Money {
  int64 amount = 1;
  Unit unit = 2;
  message Type {
    string name = 1;
  }
  Type type = 3;
}
message MoneyType {}
service Bank {
  rpc Lend(Money) returns (Money);
}
";

const ORDER: &str = "\
syntax = \"proto3\";
package acme.orders;
import \"shared/money.proto\";
message Order {
  acme.shared.Money total = 1;
  acme.shared.Money.Type type = 2;
  map<string, acme.shared.Unit> units = 3;
  acme.shared.MoneyType other = 4;
}
";

/// Part of a package that is above that of another crate, and of one that another crate has files of.
const CART: &str = "\
syntax = \"proto3\";
package acme;
import \"google/protobuf/any.proto\";
import \"orders/order.proto\";
import \"shared/money.proto\";
import \"more.proto\";
message Cart {
  repeated acme.orders.Order orders = 1;
  acme.shared.Money price = 2;
  acme.shared.Discount discount = 3;
  google.protobuf.Any extra = 4;
}
";

const MORE: &str = "\
syntax = \"proto3\";
package acme.shared;
import \"shared/money.proto\";
message Discount {
  Money amount = 1;
  Unit unit = 2;
}
";

const USE_IN_RUST: &str = "\
include!(concat!(env!(\"OUT_DIR\"), \"/protos.rs\"));

pub fn cart() -> acme::Cart {
    let money = base_types::pb::acme::shared::Money {
        amount: 7,
        unit: base_types::pb::acme::shared::Unit::Euro.into(),
        r#type: Some(base_types::pb::acme::shared::money::Type { name: \"cash\".into() }),
    };
    let order = acme_orders::acme::orders::Order {
        total: Some(money.clone()),
        r#type: money.r#type.clone(),
        ..Default::default()
    };
    let discount = acme::shared::Discount { amount: Some(money.clone()), unit: 1 };
    acme::Cart { orders: vec![order], price: Some(money), discount: Some(discount), extra: None }
}
";

const USE_IN_PYTHON: &str = "\
from acme_shared.acme.shared import Money, MoneyType, MoneyType_, Unit
from acme_orders.acme.orders import Order
from shop.python.acme import Cart
from shop.python.acme.shared import Discount
from shop.python.google.protobuf import Any
from shop.python.message_pool import default_message_pool as pool

money = Money(amount=7, unit=Unit.EURO, type=MoneyType_(name='cash'))
order = Order(total=money, type=MoneyType_(name='cash'), units={'a': Unit.EURO}, other=MoneyType())
cart = Cart(orders=[order], price=money, discount=Discount(amount=money), extra=Any.pack(order))
parsed = Cart.parse(bytes(cart))
assert parsed == cart
assert type(parsed.orders[0].total) is type(parsed.price) is type(parsed.discount.amount) is Money
assert parsed.extra.unpack() == order
assert Cart.from_json(cart.to_json()) == cart
assert pool.find('acme.shared.Money') is Money and pool.find('acme.shared.Discount') is Discount
print('fine')
";

/// Cargo tells packages of two workspaces apart by their paths inside, and they share a target folder: one test at a time.
static ONE: Mutex<()> = Mutex::new(());

/// The workspace; its folder ends with it.
struct Workspace {
    folder: TempDir,
    _alone: MutexGuard<'static, ()>,
}

fn manifest(package: &str, links: bool, dependencies: &str) -> String {
    let engine = workspace().join("aristaproto-build");
    let links = if links {
        format!("links = \"{package}\"\n")
    } else {
        String::new()
    };
    format!(
        "[package]\nname = \"{package}\"\nversion = \"0.1.0\"\nedition = \"2021\"\nlicense = \"MIT\"\ndescription = \"d\"\n{links}\n\
         [dependencies]\nprost = \"0.14\"\n{dependencies}\n[build-dependencies]\nprost-build = \"0.14\"\n\
         aristaproto-build = {{ path = '{}', version = \"0.1\", default-features = false, features = [\"prost\"] }}\n",
        engine.display()
    )
}

fn build_script(calls: &str) -> String {
    format!(
        "fn main() -> Result<(), aristaproto_build::Error> {{
    let mut prost = prost_build::Config::new();
    prost.include_file(\"protos.rs\");
    aristaproto_build::Config::new(){calls}.prost(prost).compile_protos(&[\"proto\"], &[\"proto\"])
}}
"
    )
}

impl Workspace {
    fn new() -> Self {
        let it = Self {
            folder: tempfile::tempdir().unwrap(),
            _alone: ONE.lock().unwrap_or_else(PoisonError::into_inner),
        };
        it.write(
            "Cargo.toml",
            "[workspace]\nmembers = [\"shared\", \"orders\", \"shop\"]\nresolver = \"2\"\nexclude = [\"newer\"]\n\n\
             [workspace.dependencies]\nbase_types = { path = \"shared\", package = \"acme-shared\", version = \"0.1\" }\n",
        );
        // The versions that the workspace has are there without a network.
        let lock = fs::read_to_string(workspace().join("Cargo.lock")).unwrap();
        it.write("Cargo.lock", &lock);
        it.write("shared/Cargo.toml", &manifest("acme-shared", true, ""));
        it.write(
            "shared/build.rs",
            &build_script(".out_dir(\"../python/acme_shared\").rust_module(\"pb\").export()"),
        );
        it.write("shared/proto/shared/money.proto", MONEY);
        let lib = "pub mod pb {\n    include!(concat!(env!(\"OUT_DIR\"), \"/protos.rs\"));\n}\n";
        it.write("shared/src/lib.rs", lib);
        let renamed =
            "common = { path = \"../shared\", package = \"acme-shared\", version = \"0.1\" }\n";
        it.write("orders/Cargo.toml", &manifest("acme-orders", true, renamed));
        it.write(
            "orders/build.rs",
            &build_script(
                ".depends_on(\"acme-shared\").out_dir(\"../python/acme_orders\").export()",
            ),
        );
        it.write("orders/proto/orders/order.proto", ORDER);
        let lib = "include!(concat!(env!(\"OUT_DIR\"), \"/protos.rs\"));\n";
        it.write("orders/src/lib.rs", lib);
        let both = "acme-orders = { path = \"../orders\" }\nbase_types.workspace = true\nprost-types = \"0.14\"\n";
        it.write("shop/Cargo.toml", &manifest("acme-shop", false, both));
        it.write(
            "shop/build.rs",
            &build_script(".depends_on(\"acme-orders\").out_dir(\"../python/shop/python\")"),
        );
        it.write("shop/proto/cart.proto", CART);
        it.write("shop/proto/more.proto", MORE);
        it.write("shop/src/lib.rs", USE_IN_RUST);
        it
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn edit(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(path)).unwrap();
        assert!(text.contains(from), "{text}");
        self.write(path, &text.replace(from, to));
    }

    /// Cargo in a folder; all share a target folder, and with it the engine.
    fn cargo(&self, folder: &str, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO"))
            .args(arguments)
            .args(["--offline", "--color", "never"])
            .current_dir(self.path(folder))
            .env(
                "CARGO_TARGET_DIR",
                Path::new(env!("CARGO_TARGET_TMPDIR")).join("cargo-builds"),
            )
            .env("PROTOC", protoc())
            .env_remove("ARISTAPROTO_CHECK")
            .env_remove("RUSTFLAGS")
            .output()
            .unwrap()
    }

    fn build(&self, folder: &str) -> String {
        let output = self.cargo(folder, &["check", "-v"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        said
    }

    /// What the build script of a package that cannot be built says, from `Error:` on.
    fn fault(&self, folder: &str) -> String {
        let output = self.cargo(folder, &["check"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{said}");
        let fault = said.split_once("Error: ").map_or("", |(_, fault)| fault);
        let fault = fault.split("warning: build failed").next().unwrap();
        fault.replace("\n  ", "\n").trim_end().to_owned()
    }

    /// The generated Python modules.
    fn modules(&self) -> BTreeSet<String> {
        let root = self.path("python");
        WalkDir::new(&root)
            .into_iter()
            .map(Result::unwrap)
            .filter(|entry| entry.file_name() == "__init__.py")
            .map(|entry| {
                let folder = entry.path().parent().unwrap();
                folder.strip_prefix(&root).unwrap().display().to_string()
            })
            .collect()
    }

    fn use_python(&self) {
        let python = self.path("python");
        assert_eq!(run_python(&python, ["-c", USE_IN_PYTHON]), "fine\n");
    }
}

#[test]
fn crates_share_their_types_in_both_languages() {
    let crates = Workspace::new();
    crates.build(".");
    let modules = crates.modules();
    let modules: Vec<&str> = modules.iter().map(String::as_str).collect();
    assert_eq!(
        modules,
        [
            "acme_orders",
            "acme_orders/acme",
            "acme_orders/acme/orders",
            "acme_shared",
            "acme_shared/acme",
            "acme_shared/acme/shared",
            "shop/python",
            "shop/python/acme",
            "shop/python/acme/shared",
            "shop/python/google",
            "shop/python/google/protobuf",
        ]
    );
    crates.use_python();
    let said = crates.build(".");
    assert!(!said.contains("Running"), "nothing changed: {said}");

    crates.edit("shared/proto/shared/money.proto", "amount = 1", "sum = 1");
    let output = crates.cargo(".", &["check", "-v"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("has no field named `amount`"),
        "{said}"
    );
    for package in ["acme-shared", "acme-orders", "acme-shop"] {
        let ran = said.lines().any(|line| {
            line.contains("Running")
                && line.contains(package)
                && line.contains("build-script-build")
        });
        assert!(ran, "{package}: {said}");
    }
}

#[test]
fn cargo_hands_on_what_others_may_want_to_know() {
    let crates = Workspace::new();
    let print = "
    for name in [\"INCLUDES\", \"DESCRIPTOR_SET\", \"RUST_MODULE\", \"PYTHON_PACKAGE\"] {
        let value = std::env::var(format!(\"DEP_ACME_SHARED_{name}\")).unwrap();
        std::fs::write(format!(\"said-{name}\"), value).unwrap();
    }
    let mut prost";
    crates.edit("orders/build.rs", "\n    let mut prost", print);
    crates.build("orders");
    let said =
        |name: &str| fs::read_to_string(crates.path(&format!("orders/said-{name}"))).unwrap();
    assert_eq!(Path::new(&said("INCLUDES")), crates.path("shared/proto"));
    assert_eq!(said("RUST_MODULE"), "acme_shared::pb");
    assert_eq!(said("PYTHON_PACKAGE"), "acme_shared");
    let set = fs::read(said("DESCRIPTOR_SET")).unwrap();
    let set = aristaproto_build::DescriptorSet::from_bytes(&set).unwrap();
    assert_eq!(set.to_generate, ["shared/money.proto"]);
}

#[test]
#[allow(clippy::too_many_lines)] // One workspace serves all faults: each new one would be built anew.
fn faults_say_what_to_do() {
    let crates = Workspace::new();
    // No `links`.
    let links = "links = \"acme-shared\"\n";
    crates.edit("shared/Cargo.toml", links, "");
    assert_eq!(
        crates.fault("shared"),
        "the package `acme-shared` has no `links`, without which cargo hands nothing on to those that depend on it\n  \
         hint: write `links = \"acme-shared\"` under `[package]` in its Cargo.toml"
    );
    crates.edit("shared/build.rs", ".export()", "");
    let missing = "no dependency of this package has `links = \"acme-shared\"` and exports .proto files\n  \
         hint: add the crate under `[dependencies]` (not only under `[build-dependencies]`), with that `links` in its Cargo.toml \
         and `Config::export` in its build script";
    assert_eq!(crates.fault("orders"), missing);
    crates.edit("shared/Cargo.toml", "license", &format!("{links}license"));
    assert_eq!(crates.fault("orders"), missing);
    crates.edit("shared/build.rs", ".rust_module", ".export().rust_module");

    // No Rust types, and no dependency that would give them a name.
    crates.edit("shared/build.rs", ".prost(prost)", "");
    crates.edit("shared/src/lib.rs", "include!", "//");
    assert_eq!(
        crates.fault("orders"),
        "proto/orders/order.proto:1:1: this file imports `shared/money.proto` of the crate `acme-shared`, which has no Rust types\n  \
         hint: call `Config::prost` in the build script of `acme-shared`"
    );
    crates.edit(
        "shared/build.rs",
        ".compile_protos",
        ".prost(prost).compile_protos",
    );
    crates.edit("shared/src/lib.rs", "//", "include!");
    crates.edit("shop/Cargo.toml", "base_types.workspace = true\n", "");
    assert_eq!(
        crates.fault("shop"),
        "proto/cart.proto:1:1: this file imports `shared/money.proto` of the crate `acme-shared`, on which this package does not \
         depend\n  hint: add `acme-shared` under `[dependencies]`, so that the Rust types can name those of `acme-shared`\n\
         proto/more.proto:1:1: this file imports `shared/money.proto` of the crate `acme-shared`, on which this package does not \
         depend\n  hint: add `acme-shared` under `[dependencies]`, so that the Rust types can name those of `acme-shared`"
    );

    // An engine of another version.
    let engine = ".compile_protos(&[\"proto\"], &[\"proto\"])\n";
    let older = "
    .compile_protos(&[\"proto\"], &[\"proto\"])?;
    let export = std::path::Path::new(&std::env::var(\"OUT_DIR\").unwrap()).join(\"aristaproto-export.txt\");
    let text = std::fs::read_to_string(&export).unwrap();
    std::fs::write(export, text.replace(\"export 1\", \"export 0\")).unwrap();
    Ok(())
";
    crates.edit("shared/build.rs", engine, older);
    assert_eq!(
        crates.fault("orders"),
        "`acme-shared` was exported by another version of aristaproto-build\n  \
         hint: let all crates of the build depend on one version: `cargo tree --invert aristaproto-build` shows them"
    );
    crates.edit("shared/build.rs", older, engine);

    // Files with two owners.
    crates.write("orders/proto/shared/money.proto", MONEY);
    assert_eq!(
        crates.fault("orders"),
        "proto/shared/money.proto:1:1: `shared/money.proto` is to be generated, and the crate `acme-shared` has generated it\n  \
         hint: do not name this file among those to generate: an import finds it"
    );
    crates.write(
        "orders/proto/shared/money.proto",
        "syntax = \"proto3\"; package acme.shared; message Money {} message MoneyType {}",
    );
    crates.edit(
        "orders/build.rs",
        "&[\"proto\"], &",
        "&[\"proto/orders\"], &",
    );
    crates.edit(
        "orders/proto/orders/order.proto",
        "acme.shared.Money.Type type = 2;",
        "",
    );
    crates.edit(
        "orders/proto/orders/order.proto",
        "map<string, acme.shared.Unit> units = 3;",
        "",
    );
    assert_eq!(
        crates.fault("orders"),
        "proto/shared/money.proto:1:1: this file hides `shared/money.proto` of the crate `acme-shared`, and is not the same\n  \
         hint: delete it, or give it another name: the types are those of `acme-shared`"
    );
    // Two versions: cargo says so, because of `links`.
    crates.write(
        "newer/Cargo.toml",
        &manifest("acme-shared", true, "").replace("0.1.0", "0.2.0"),
    );
    crates.write("newer/src/lib.rs", "");
    crates.write("newer/build.rs", "fn main() {}\n");
    let newer = "newer = { path = \"../newer\", package = \"acme-shared\" }\n";
    let base = "base_types.workspace = true\n";
    crates.edit(
        "shop/Cargo.toml",
        "prost-types",
        &format!("{base}{newer}prost-types"),
    );
    let output = crates.cargo("shop", &["check"]);
    let said = String::from_utf8_lossy(&output.stderr);
    for part in [
        "links = \"acme-shared\"",
        "acme-shared v0.1.0",
        "required by package `acme-shop",
    ] {
        assert!(!output.status.success() && said.contains(part), "{said}");
    }
    crates.edit("shop/Cargo.toml", newer, "");
    crates.edit("shop/Cargo.toml", base, "");

    // Both have generated it.
    crates.write("orders/proto/shared/money.proto", MONEY);
    crates.edit("orders/build.rs", ".depends_on(\"acme-shared\")", "");
    crates.edit(
        "shop/Cargo.toml",
        "acme-orders",
        "base_types.workspace = true\nacme-orders",
    );
    crates.edit(
        "shop/build.rs",
        ".depends_on",
        ".depends_on(\"acme-shared\").depends_on",
    );
    let fault = crates.fault("shop");
    assert!(
        fault.ends_with(
            "shared/money.proto:1:1: both `acme-orders` and `acme-shared` have generated `shared/money.proto`\n  \
             hint: let one of the crates own it and the other depend on that one, or move it to a crate that both depend on"
        ),
        "{fault}"
    );
}

/// What a crate says that owns the files of googleapis.
const GOOGLEAPIS_BUILD: &str = "\
fn main() -> Result<(), aristaproto_build::Error> {
    let mut prost = prost_build::Config::new();
    prost.include_file(\"protos.rs\");
    aristaproto_build::Config::new()
        .prost(prost)
        .out_dir(\"python/acme_googleapis\")
        .export()
        .compile_protos(&[\"proto\"], &[\"proto\"])
}
";

const INVOICE: &str = "\
syntax = \"proto3\";
package acme.orders;
import \"google/api/annotations.proto\";
import \"google/api/field_behavior.proto\";
import \"google/longrunning/operations.proto\";
import \"google/rpc/status.proto\";
import \"google/type/money.proto\";
message Invoice {
  google.type.Money total = 1 [(google.api.field_behavior) = REQUIRED];
  google.rpc.Status status = 2;
  google.longrunning.Operation sending = 3;
}
service Invoices {
  rpc Send(Invoice) returns (google.longrunning.Operation) {
    option (google.api.http) = {
      post: \"/v1/invoices:send\"
      body: \"*\"
    };
  }
}
";

const USE_INVOICE_IN_RUST: &str = "\
include!(concat!(env!(\"OUT_DIR\"), \"/protos.rs\"));

pub fn invoice() -> acme::orders::Invoice {
    use acme_googleapis::google::{longrunning::Operation, r#type::Money, rpc::Status};
    acme::orders::Invoice {
        total: Some(Money { currency_code: \"EUR\".into(), units: 7, nanos: 0 }),
        status: Some(Status::default()),
        sending: Some(Operation::default()),
    }
}
";

const USE_INVOICE_IN_PYTHON: &str = "\
from acme_googleapis.google.api import FieldBehavior, field_behavior
from acme_googleapis.google.longrunning import Operation, OperationsStub
from acme_googleapis.google.rpc import Status
from acme_googleapis.google.type import Money
from acme_orders.acme.orders import Invoice, InvoicesStub
from acme_orders.message_pool import default_message_pool as pool
import aristaproto

invoice = Invoice(total=Money(currency_code='EUR', units=7), status=Status(code=5), sending=Operation(name='o'))
parsed = Invoice.parse(bytes(invoice))
assert parsed == invoice and type(parsed.total) is Money and pool.find('google.type.Money') is Money
assert Invoice.from_json(invoice.to_json()) == invoice
assert OperationsStub.wait_operation and InvoicesStub.send
print('fine')
";

/// The way of the guide: one crate owns the files that the `PyPI` package carries, and others stand on it.
#[test]
fn the_files_of_googleapis_have_one_owner() {
    let find = "import google.protobuf as it; print(it.__path__[0])";
    let installed = run_python(&workspace(), ["-c", find]);
    let installed = Path::new(installed.trim()).parent().unwrap();
    let crates = Workspace::new();
    crates.edit(
        "Cargo.toml",
        "[\"shared\", \"orders\", \"shop\"]",
        "[\"googleapis\", \"orders\"]",
    );
    for folder in [
        "api",
        "cloud",
        "gapic",
        "logging",
        "longrunning",
        "rpc",
        "type",
    ] {
        for entry in WalkDir::new(installed.join(folder)) {
            let path = entry.unwrap().into_path();
            let name = path.strip_prefix(installed).unwrap().to_str().unwrap();
            if path.extension().is_some_and(|it| it == "proto") {
                // As every file that imports it has it.
                let name = name.replace("operations_proto.", "operations.");
                let text = fs::read_to_string(&path).unwrap();
                crates.write(&format!("googleapis/proto/google/{name}"), &text);
            }
        }
    }
    let types = "prost-types = \"0.14\"\n";
    let owner = manifest("acme-googleapis", true, types);
    let owner = owner + "\n[lib]\ndoctest = false\n";
    crates.write("googleapis/Cargo.toml", &owner);
    crates.write("googleapis/build.rs", GOOGLEAPIS_BUILD);
    let lib = "include!(concat!(env!(\"OUT_DIR\"), \"/protos.rs\"));\n";
    crates.write("googleapis/src/lib.rs", lib);
    let path = "acme-googleapis = { path = \"../googleapis\" }\n";
    crates.write("orders/Cargo.toml", &manifest("acme-orders", false, path));
    crates.write(
        "orders/build.rs",
        &build_script(".depends_on(\"acme-googleapis\").out_dir(\"../python/acme_orders\")"),
    );
    crates.write("orders/proto/orders/order.proto", INVOICE);
    crates.write("orders/src/lib.rs", USE_INVOICE_IN_RUST);
    crates.build(".");
    let modules = crates.modules();
    let modules: Vec<&str> = modules.iter().map(String::as_str).collect();
    let own = ["acme_orders", "acme_orders/acme", "acme_orders/acme/orders"];
    assert_eq!(modules, own, "nothing of google is generated again");
    let python = crates.path("python");
    let tree = crates.path("googleapis/python/acme_googleapis");
    std::os::unix::fs::symlink(tree, python.join("acme_googleapis")).unwrap();
    let said = run_python(&python, ["-c", USE_INVOICE_IN_PYTHON]);
    assert_eq!(said, "fine\n");
    // Without `doctest = false`, the examples in google's comments would be compiled.
    let output = crates.cargo("googleapis", &["test", "--quiet"]);
    assert!(output.status.success(), "{output:?}");
}

/// Projects whose engine writes Python only, with a cargo home of their own: what cargo fetches stays out of the user's. Its
/// registry is the user's, so that nothing is loaded.
struct Fetched {
    folder: TempDir,
    home: PathBuf,
}

const SHARED_BUILD: &str = "\
fn main() -> Result<(), aristaproto_build::Error> {
    aristaproto_build::Config::new()
        .out_dir(\"python/acme_shared\")
        .export()
        .compile_protos(&[\"proto\"], &[\"proto\"])
}
";

const ORDERS_BUILD: &str = "\
fn main() -> Result<(), aristaproto_build::Error> {
    aristaproto_build::Config::new()
        .depends_on(\"acme-shared\")
        .out_dir(\"python/acme_orders\")
        .compile_protos(&[\"proto\"], &[\"proto\"])
}
";

impl Fetched {
    fn new() -> Self {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cargo-home");
        fs::create_dir_all(&home).unwrap();
        let user_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let user_home = user_home
            .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))
            .unwrap();
        if !home.join("registry").exists() {
            std::os::unix::fs::symlink(user_home.join("registry"), home.join("registry")).unwrap();
        }
        let it = Self {
            folder: tempfile::tempdir().unwrap(),
            home,
        };
        let lock = fs::read_to_string(workspace().join("Cargo.lock")).unwrap();
        it.write("orders/Cargo.lock", &lock);
        it.write("orders/build.rs", ORDERS_BUILD);
        it.write("orders/src/lib.rs", "");
        it.write("orders/proto/orders/order.proto", ORDER);
        it.write("shared/build.rs", SHARED_BUILD);
        it.write("shared/src/lib.rs", "");
        it.write("shared/proto/shared/money.proto", MONEY);
        it
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn command(&self, program: &str, folder: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(program);
        if arguments[0] != "vendor" {
            // Nothing is loaded but what other platforms need, which `cargo vendor` takes, too: nobody answers there.
            command.env("CARGO_HTTP_PROXY", "http://127.0.0.1:9");
        }
        let output = command
            .args(arguments)
            .current_dir(self.folder.path().join(folder))
            .env("CARGO_HOME", &self.home)
            .env(
                "CARGO_TARGET_DIR",
                Path::new(env!("CARGO_TARGET_TMPDIR")).join("cargo-fetched"),
            )
            .env("PROTOC", protoc())
            .env_remove("RUSTFLAGS")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {said}");
        output
    }

    /// Builds `orders`, which depends on `shared`, and looks at its Python.
    fn build_orders(&self, arguments: &[&str]) {
        let arguments = [&["check", "--color", "never"], arguments].concat();
        self.command(env!("CARGO"), "orders", &arguments);
        let python = self.folder.path().join("orders/python/acme_orders");
        let orders = fs::read_to_string(python.join("acme/orders/__init__.py")).unwrap();
        assert!(
            orders.contains("\"acme_shared.acme.shared:Money\"")
                && orders.contains("\"acme_shared.acme.shared:MoneyType_\""),
            "{orders}"
        );
        assert!(!python.join("acme/shared").exists());
    }
}

#[test]
fn crates_come_from_git_and_vendored_from_a_registry() {
    let fetched = Fetched::new();
    let engine_folder = workspace().join("aristaproto-build");
    let engine = format!("path = '{}'", engine_folder.display());
    let git = fetched.folder.path().join("shared");
    fetched.write(
        "shared/Cargo.toml",
        &fetched_manifest("acme-shared", &engine, ""),
    );
    for arguments in [
        &["init", "-q", "-b", "main"][..],
        &["add", "."],
        &[
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
            "commit",
            "-qm",
            "Shared",
        ],
    ] {
        fetched.command("git", "shared", arguments);
    }
    let by_git = format!("acme-shared = {{ git = 'file://{}' }}\n", git.display());
    fetched.write(
        "orders/Cargo.toml",
        &fetched_manifest("acme-orders", &engine, &by_git),
    );
    fetched.build_orders(&[]);

    // What `cargo vendor` puts beside the project, and `acme-shared` as a registry has it.
    fetched.command(env!("CARGO"), "orders", &["vendor", "-q", "vendor"]);
    fetched.write(
        "orders/.cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"vendored\"\n\n[source.vendored]\ndirectory = \"vendor\"\n",
    );
    let orders = fetched_manifest("acme-orders", &engine, "acme-shared = \"0.1\"\n");
    fetched.write(
        "orders/Cargo.toml",
        &format!("{orders}\n[patch.crates-io]\naristaproto-build = {{ {engine} }}\n"),
    );
    let packaged = fetched.folder.path().join("orders/vendor/acme-shared");
    let _ = fs::remove_dir_all(&packaged);
    fs::create_dir_all(&packaged).unwrap();
    for path in ["build.rs", "src/lib.rs", "proto/shared/money.proto"] {
        let text = fs::read_to_string(git.join(path)).unwrap();
        fetched.write(&format!("orders/vendor/acme-shared/{path}"), &text);
    }
    let manifest = fetched_manifest("acme-shared", "version = \"0.1\"", "");
    fetched.write("orders/vendor/acme-shared/Cargo.toml", &manifest);
    fetched.write("orders/vendor/acme-shared/Cargo.toml.orig", &manifest);
    fetched.write(
        "orders/vendor/acme-shared/.cargo-checksum.json",
        "{\"files\":{}}",
    );
    fs::remove_dir_all(fetched.folder.path().join("orders/python")).unwrap();
    fetched.build_orders(&["--offline"]);
    assert!(
        !packaged.join("python").exists(),
        "a registry's package is not written to"
    );
}

/// The manifest of a package with these dependencies.
fn fetched_manifest(package: &str, engine: &str, dependencies: &str) -> String {
    format!(
        "[package]\nname = \"{package}\"\nversion = \"0.1.0\"\nedition = \"2021\"\nlinks = \"{package}\"\n\n\
         [dependencies]\n{dependencies}\n[build-dependencies]\n\
         aristaproto-build = {{ {engine}, default-features = false }}\n"
    )
}
