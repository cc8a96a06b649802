aristaproto_macros::generate_python! {
    protos: ["proto/example.proto"],
    client_generation: asnyc,
}

fn main() {}
