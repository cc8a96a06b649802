aristaproto_macros::generate_python! {
    protos: ["proto/example.proto"],
    server_generation,
}

fn main() {}
