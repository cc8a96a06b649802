aristaproto_macros::generate_python! {
    out_dir: "python/lib",
}

fn main() {}
