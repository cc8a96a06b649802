aristaproto_macros::generate_python! {
    protos: ["proto/example.proto"],
    pydantic_dataclasses: 1,
}

fn main() {}
