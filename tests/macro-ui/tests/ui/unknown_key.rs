aristaproto_macros::generate_python! {
    protos: ["proto/example.proto"],
    client_generatoin: sync,
}

fn main() {}
