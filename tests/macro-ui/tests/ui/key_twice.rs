aristaproto_macros::generate_python! {
    protos: ["proto/example.proto"],
    out_dir: "python/lib",
    out_dir: "python/other",
}

fn main() {}
