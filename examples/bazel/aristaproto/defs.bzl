"""The rule `aristaproto_tree`: typed Python from proto_library targets, one action for each proto package."""

load("@protobuf//bazel/common:proto_info.bzl", "ProtoInfo")
load("@rules_python//python:py_info.bzl", "PyInfo")

# A package `import` is the folder `import_`.
_KEYWORDS = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda",
    "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
]

def _folder(package):
    return "/".join([part + "_" if part in _KEYWORDS else part for part in package.split(".")])

def _import_name(file, info):
    """The path by which other proto files import this one."""
    root = info.proto_source_root
    return file.path if root == "." else file.path.removeprefix(root + "/")

def _generate(ctx, package, infos, picked):
    """One action: the files `picked` (path in the tree to File) out of a run over the package's sources."""
    arguments = ctx.actions.args()
    arguments.add_all(["{}={}".format(path, file.path) for path, file in picked.items()])
    arguments.add_all(["--", ctx.executable._protoc.path])
    arguments.add(ctx.executable.plugin, format = "--plugin=protoc-gen-python_aristaproto=%s")
    arguments.add_all(depset(transitive = [info.transitive_proto_path for info in infos]), format_each = "-I%s")
    arguments.add_all(ctx.attr.options, format_each = "--python_aristaproto_opt=%s")
    arguments.add_all(sorted([_import_name(file, info) for info in infos for file in info.direct_sources]))
    ctx.actions.run(
        executable = ctx.executable._pick,
        arguments = [arguments],
        inputs = depset(transitive = [info.transitive_sources for info in infos]),
        tools = [ctx.executable._protoc, ctx.executable.plugin],
        outputs = picked.values(),
        mnemonic = "AristaprotoPackage",
        progress_message = "Generating Python for proto package " + package,
    )

def _tree_impl(ctx):
    packages = {}
    for target, package in ctx.attr.packages.items():
        packages.setdefault(package, []).append(target[ProtoInfo])

    def declare(path):
        return ctx.actions.declare_file("{}/{}".format(ctx.label.name, path))

    files = {}
    for package, infos in packages.items():
        picked = {}
        names = ["_part{}.py".format(part + 1) for part in range(int(ctx.attr.parts.get(package, "0")))]
        for name in ["__init__.py", "_descriptors.py"] + names:
            path = "{}/{}".format(_folder(package), name)
            picked[path] = declare(path)
        if not files:
            # The same for all packages.
            for path in ["message_pool.py", "py.typed"]:
                picked[path] = declare(path)
        _generate(ctx, package, infos, picked)
        files.update(picked)

    # Folders that hold no proto package themselves are Python packages, too.
    for package in packages:
        parts = _folder(package).split("/")
        for depth in range(len(parts)):
            path = "/".join(parts[:depth] + ["__init__.py"])
            if path not in files:
                files[path] = declare(path)
                ctx.actions.write(files[path], "")

    root = "{}/{}".format(ctx.workspace_name, ctx.label.package).removesuffix("/")
    return [
        DefaultInfo(files = depset(files.values()), runfiles = ctx.runfiles(files.values())),
        PyInfo(
            transitive_sources = depset(files.values()),
            imports = depset([root]),
        ),
    ]

aristaproto_tree = rule(
    doc = "A Python package, called as the target, that holds a module for each proto package.",
    implementation = _tree_impl,
    attrs = {
        "packages": attr.label_keyed_string_dict(
            doc = "proto_library targets and the proto package of each. All targets of a package belong here, those of " +
                  "google.protobuf, too, where its types are used otherwise than as Python types.",
            mandatory = True,
            providers = [ProtoInfo],
        ),
        "options": attr.string_list(doc = "Options of the plugin, such as `client_generation=sync_async`."),
        "parts": attr.string_dict(
            doc = "For each proto package of more types than fit into one file, in how many parts it is generated. The action " +
                  "says which are missing; that takes some 6,000 fields.",
        ),
        "plugin": attr.label(
            doc = "The program protoc-gen-python_aristaproto.",
            default = "//tools:protoc-gen-python_aristaproto",
            allow_single_file = True,
            cfg = "exec",
            executable = True,
        ),
        "_pick": attr.label(
            default = "//aristaproto:pick.sh",
            allow_single_file = True,
            cfg = "exec",
            executable = True,
        ),
        "_protoc": attr.label(
            default = "@protobuf//:protoc",
            cfg = "exec",
            executable = True,
        ),
    },
)
