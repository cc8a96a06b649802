aristaproto_macros::generate_python! {
    protos: "proto/example.proto",
}

fn main() {}
