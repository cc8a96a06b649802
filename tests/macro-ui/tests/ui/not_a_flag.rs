aristaproto_macros::generate_python! {
    protos: ["proto/example.proto"],
    pydantic_dataclasses: yes,
}

fn main() {}
