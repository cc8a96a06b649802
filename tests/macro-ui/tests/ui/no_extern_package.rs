aristaproto_macros::generate_python! {
    protos: ["proto/example.proto"],
    extern_package: ["google.type:acme.google.type", "google.rpc:acme-common"],
}

fn main() {}
