#!/usr/bin/env python3
"""Export PyTorch's own test databases as a language-neutral conformance suite.

PyTorch ships three databases with its wheels (torch.testing._internal): OpInfo (`op_db`), ModuleInfo
(`module_db`) and OptimizerInfo (`optim_db`).  They know how to make valid and invalid inputs for every
operator, module and optimizer.  This script draws inputs from them, computes the expected results with
torch, and writes both as files any language can read:

    OUT/index.jsonl              one JSON object per case (format: README.md)
    OUT/tensors/<name>.safetensors   all tensors of one op / module / optimizer
    OUT/ops.json                 one row per database entry: aliases, variants, dtypes, aten schemas
    OUT/report.json              counts, and everything that was not exported, with the reason

Expected values of float32 cases are computed in float64 and rounded once, so that a framework is not
judged by torch's own rounding; torch's measured float32 error widens the tolerance where needed.
A different --seed gives other values and another choice of samples (for checking on unseen cases).

    python export_conformance.py --out cases --seed 0 --caps float32=6,float64=2,int64=2,bool=1
"""
import argparse, collections, contextlib, hashlib, inspect, itertools, json, math, os, random, re, sys, types, warnings

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn.utils.rnn import PackedSequence
from torch.fx.operator_schemas import normalize_function
from torch.testing._internal import common_methods_invocations as cmi
from torch.testing._internal.common_device_type import precisionOverride, toleranceOverride
from torch.testing._internal.common_modules import module_db
from torch.testing._internal.common_optimizers import optim_db

UP = {torch.float32: torch.float64, torch.complex64: torch.complex128}
TOL = {torch.float64: (1e-7, 1e-7), torch.float32: (1.3e-6, 1e-5), torch.float16: (1e-3, 1e-5),
       torch.bfloat16: (1.6e-2, 1e-5), torch.complex64: (1.3e-6, 1e-5), torch.complex128: (1e-7, 1e-7)}  # rtol, atol
# Results whose sign / phase / basis / order is the implementation's choice: compare by the named property.
GAUGE = {n: n.replace("linalg.", "") for n in ("svd", "linalg.svd", "linalg.eigh", "linalg.eig", "linalg.eigvals", "qr",
         "linalg.qr", "geqrf", "linalg.ldl_factor", "linalg.ldl_factor_ex")}
GAUGE_FREE_OUT = {"svd": (1,), "eigh": (0,), "eig": (), "eigvals": (), "qr": (), "geqrf": ()}  # outputs that may be differentiated
TIES = {"sort", "argsort", "msort", "topk", "kthvalue", "median", "nanmedian", "mode", "masked.median"}  # free choice among equal values
NATIVE = {"nextafter", "nan_to_num", "nn.functional.rms_norm", "linalg.matrix_rank", "linalg.pinv"}  # depend on the dtype's eps/max
LAYOUT = ("as_strided",)  # read the storage itself; only contiguous inputs can be written down
# OpInfo lambdas that reorder the public signature: put the arguments back in the public order.
PERM = {"nn.functional.embedding": (1, 0), "nn.functional.embedding_bag": (1, 0), "where": (1, 0), "einsum": (1, 0),
        "polygamma": (1, 0), "special.polygamma": (1, 0), "normal.number_mean": (1, 0)}
CUSTOM = {"linalg.pinv.singular": "torch.linalg.pinv(a0 @ a1.mT)", "svd_lowrank": "torch.svd_lowrank(a0 @ a1.mT, **kwargs)",
          "pca_lowrank": "torch.pca_lowrank(a0 @ a1.mT, **kwargs)",
          "linalg.lstsq.grad_oriented": "torch.linalg.lstsq(a0, a1, driver=a2)[:2]",
          "max_pool2d_with_indices_backward": "gradient of max_pool2d with respect to its input"}


class Skip(Exception):
    """This case cannot be written down; the message is the reason."""


# ---------------------------------------------------------------- trees of tensors
def tmap(f, x):
    """Apply f to every tensor and dtype in nested Python containers."""
    if isinstance(x, (torch.Tensor, torch.dtype)):
        return f(x)
    if isinstance(x, PackedSequence):
        return PackedSequence(*(tmap(f, v) for v in x))
    if isinstance(x, dict):
        return {k: tmap(f, v) for k, v in x.items()}
    if type(x) in (list, tuple):
        return type(x)(tmap(f, v) for v in x)
    return x


def leaves(x):
    """All tensors of a nested result, in order."""
    if isinstance(x, torch.Tensor):
        return [x]
    if isinstance(x, dict):
        return [t for v in x.values() for t in leaves(v)]
    return [t for v in x for t in leaves(v)] if isinstance(x, (list, tuple)) else []


def copies(tree, up=False):
    """Fresh leaves (optionally in double precision) plus the map from old id to new tensor."""
    memo = {}

    def f(t):
        if isinstance(t, torch.dtype):
            return UP.get(t, t) if up else t
        if id(t) not in memo:
            c = t.detach().clone()
            memo[id(t)] = (c.to(UP.get(t.dtype, t.dtype)) if up else c).requires_grad_(t.requires_grad)
        return memo[id(t)]
    return tmap(f, tree), memo


@contextlib.contextmanager
def default_dtype(dtype):
    old = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(old)


def seed_all(*parts):
    n = int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:4], "little")
    torch.manual_seed(n), random.seed(n), np.random.seed(n)
    return n


def dense(t):
    if t.layout is not torch.strided or t.device.type != "cpu" or t.is_nested or t.is_quantized:
        raise Skip(f"tensor layout {t.layout} on {t.device.type}")
    return t.detach().resolve_conj().resolve_neg()


def check_dtype(t):
    if t.dtype not in NAMES:
        raise Skip(f"dtype {t.dtype}")
    return NAMES[t.dtype]


# ---------------------------------------------------------------- writing
class Group:
    """The cases of one op / module / optimizer and the safetensors file that holds their tensors."""

    def __init__(self, out, name):
        self.out, self.name, self.tensors, self.cases = out, name, {}, []
        self.file = "tensors/" + re.sub(r"[^A-Za-z0-9_.-]", "_", name) + ".safetensors"

    def begin(self, **case):
        self.no = f"{len(self.cases):04d}"
        self.memo, self.new = {}, {}
        return {"id": f"{self.name}/{self.no}", **case, "file": self.file}

    def commit(self, case):
        self.tensors.update(self.new)
        self.cases.append(case)

    def put(self, path, t, **extra):
        """Store one tensor; the same tensor object used twice in a case gets one key (aliasing)."""
        if id(t) not in self.memo:
            d, key = dense(t), f"{self.no}.{path}"
            check_dtype(d)
            ref = {"t": key, "dtype": NAMES[d.dtype], "shape": list(d.shape)}
            if d.numel() > 1 and not d.is_contiguous() and not extra:   # inputs only
                ref["stride"] = list(d.stride())
            if t.requires_grad:
                ref["rg"] = True
            self.new[key] = (torch.view_as_real(d) if d.is_complex() else d).contiguous().clone()
            self.memo[id(t)] = (ref, t)          # keeping t alive keeps its id unique
        return {**self.memo[id(t)][0], **extra}

    def key(self, t):
        """Key of a tensor already stored in this case."""
        return self.memo[id(t)][0]["t"]

    def enc(self, v, path):
        """Encode any argument or result as a tagged JSON value."""
        if v is None:
            return None
        if isinstance(v, torch.Tensor):
            return self.put(path, v)
        if isinstance(v, (bool, np.bool_)):
            return {"b": bool(v)}
        if isinstance(v, (int, np.integer)):
            return {"i": int(v)}
        if isinstance(v, (float, np.floating)):
            return {"f": float(v) if math.isfinite(v) else str(float(v))}
        if isinstance(v, complex):
            return {"c": [self.enc(v.real, path)["f"], self.enc(v.imag, path)["f"]]}
        if isinstance(v, str):
            return {"s": v}
        if isinstance(v, torch.dtype):
            return {"dtype": str(v)[6:]}
        if isinstance(v, (torch.layout, torch.memory_format)):
            return {type(v).__name__: str(v)[6:]}
        if isinstance(v, torch.device):
            return {"device": str(v)}
        if isinstance(v, slice):
            return {"slice": [self.enc(x, f"{path}.{i}") for i, x in enumerate((v.start, v.stop, v.step))]}
        if v is Ellipsis:
            return {"ellipsis": True}
        if isinstance(v, PackedSequence):
            return {"packed": [self.enc(x, f"{path}.{n}") for n, x in zip(v._fields, v)]}
        if isinstance(v, (list, tuple)):
            if v and all(type(x) is int for x in v):
                return {"ints" if isinstance(v, list) else "int_tuple": list(v)}
            return {"list" if isinstance(v, list) else "tuple": [self.enc(x, f"{path}.{i}") for i, x in enumerate(v)]}
        if isinstance(v, dict):
            return {"dict": {str(k): self.enc(x, f"{path}.{k}") for k, x in v.items()}}
        if isinstance(v, torch.nn.Module):
            a, k = getattr(v, "_ctor", ((), {}))
            return {"module": type(v).__name__, "args": self.enc(list(a), path), "kwargs": self.enc(k, path)}
        if callable(v) and getattr(v, "__module__", "").startswith(("torch.nn.functional", "torch._C")) and v.__name__ != "<lambda>":
            return {"fn": v.__name__}
        if callable(v) and getattr(torch, getattr(v, "__name__", "<lambda>"), None) is v:
            return {"fn": v.__name__}
        raise Skip(f"argument of type {type(v).__name__}")

    def save(self, index):
        if self.cases:
            save_file(self.new_order(), os.path.join(self.out, self.file))
            for c in self.cases:
                index.write(json.dumps(c, allow_nan=False, separators=(",", ":")) + "\n")

    def new_order(self):
        return {k: self.tensors[k] for k in sorted(self.tensors)}


NAMES = {d: str(d)[6:] for d in (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.complex64, torch.complex128,
                                 torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)}


# ---------------------------------------------------------------- comparing torch with itself
def expected(native, ref, base):
    """Choose the expected tensor and its tolerance: (tensor, [rtol, atol], agrees)."""
    native = dense(native)
    check_dtype(native)
    if not (native.is_floating_point() or native.is_complex()):
        ok = ref is None or (ref.shape == native.shape and torch.equal(dense(ref).to(native.dtype), native))
        return native, [0, 0], ok
    rtol, atol = max(TOL[native.dtype][0], base[0]), max(TOL[native.dtype][1], base[1])
    if ref is None or ref is native:
        return native, [rtol, atol], True
    ref = dense(ref)
    if ref.shape != native.shape:
        return native, [rtol, atol], False
    want = ref.to(native.dtype)
    fin = torch.isfinite(native)
    if not torch.equal(fin, torch.isfinite(want)) or not torch.equal(torch.isnan(native), torch.isnan(want)):
        return native, [rtol, atol], False
    wide = torch.complex128 if native.is_complex() else torch.float64
    n, w = native[fin].to(wide), ref[fin].to(wide)
    units = ((n - w).abs() / (atol + rtol * w.abs())).max().item() if n.numel() else 0.0
    scale = max(1.0, 4 * units)                  # torch's own float32 error uses at most a quarter of the tolerance
    if scale > 1000:                             # chaotic or discontinuous here: not a fair question
        return native, [rtol, atol], False
    return want, [float(f"{rtol * scale:.2g}"), float(f"{atol * scale:.2g}")], True


def opinfo_tolerance(op, dtype):
    """The largest (rtol, atol) that torch's own CPU tests of this entry allow for the dtype."""
    rtol = atol = 0.0
    for d in getattr(op, "decorators", ()):
        if getattr(d, "device_type", None) not in (None, "cpu"):
            continue
        for x in getattr(d, "decorators", [d]):
            if isinstance(x, toleranceOverride) and dtype in x.d:
                rtol, atol = max(rtol, x.d[dtype].rtol), max(atol, x.d[dtype].atol)
            elif isinstance(x, precisionOverride) and dtype in x.d:
                atol = max(atol, x.d[dtype])
    return rtol, atol


def evaluate(fn, args, kwargs, up):
    """Call fn on fresh copies; returns output, id map of the copies, whether the random generator was used."""
    (a, k), memo = copies((list(args), kwargs), up)
    with default_dtype(torch.float64 if up else torch.float32):
        seed_all("run")
        before = torch.get_rng_state()
        out = fn(*a, **k)
    return out, memo, not torch.equal(before, torch.get_rng_state())


def gradients(out, memo, inputs, cts, up, second=False):
    """First (and optionally second) order reverse-mode gradients; None where an input is unused."""
    pairs = [(o, c.to(UP.get(c.dtype, c.dtype)) if up else c) for o, c in zip(leaves(out), cts) if c is not None]
    xs = [memo[id(t)] for t in inputs]
    gs = torch.autograd.grad([o for o, _ in pairs], xs, [c for _, c in pairs], allow_unused=True, create_graph=second)
    if not second:
        return [g if g is None else g.to_dense() for g in gs], None
    vs = [None if g is None or not g.requires_grad else
          torch.randn(g.shape, generator=torch.Generator().manual_seed(i), dtype=torch.float32).to(g.dtype) for i, g in enumerate(gs)]
    live = [(g, v) for g, v in zip(gs, vs) if v is not None]
    hs = torch.autograd.grad([g for g, _ in live], xs, [v for _, v in live], allow_unused=True) if live else []
    return [g if g is None else g.detach().to_dense() for g in gs], (vs, hs)


def same_values(a, b):
    return a.shape == b.shape and bool(((a == b) | ((a != a) & (b != b))).all())


def place(g, v, path, leaf):
    """Encode a result, with leaf(path, tensor) deciding what stands for each tensor."""
    if isinstance(v, torch.Tensor):
        return leaf(path, v)
    if isinstance(v, (list, tuple)) and leaves(v):
        return {"tuple": [place(g, x, f"{path}.{i}", leaf) for i, x in enumerate(v)]}
    return g.enc(v, path)


def add_results(g, case, op, args, kwargs, fn, differentiable, opts, base=(0, 0)):
    """Run fn natively and in double precision; fill in out, cotangents, grads, mutated of the case."""
    out, memo, used_rng = evaluate(fn, args, kwargs, False)
    name = getattr(op, "name", g.name)
    if used_rng or getattr(op, "has_nondeterministic_output", False) or "empty" in name:
        meta = lambda _, t: {"dtype": check_dtype(dense(t)), "shape": list(t.shape)}
        case.update(compare="meta", random=used_rng, out=place(g, out, "o", meta))
        return out
    ref = memo64 = None
    if name not in NATIVE:
        with contextlib.suppress(Exception):
            ref, memo64, _ = evaluate(fn, args, kwargs, True)
    pairs = list(itertools.zip_longest(leaves(out), leaves(ref) if ref is not None else []))
    got = [expected(n, r, base) for n, r in pairs if n is not None]
    if name in GAUGE and ref is not None:        # sign or order may differ between the two runs: only shapes are comparable
        got = [(dense(r).to(n.dtype), t[1] if t[2] else [4e-5, 4e-5], n.shape == r.shape) for (n, r), t in zip(pairs, got)]
    stable = all(ok for *_, ok in got)
    if not stable:
        got, case["unstable"] = [expected(n, None, base) for n, _ in pairs], True
    case.update(compare="gauge:" + GAUGE[name] if name in GAUGE else "ties" if name in TIES else "close",
                ref="float64" if ref is not None and stable else "native")
    if name == "unique" and kwargs.get("sorted", args[1] if len(args) > 1 else True) is False:
        case["compare"] = "set"
    slots = iter(got)

    def leaf(path, _):
        t, tol, _ = next(slots)
        return g.put(path, t, tol=tol)
    case["out"] = place(g, out, "o", leaf)
    mutated = {}
    for old in {id(t): t for t in leaves([list(args), kwargs])}.values():
        new = memo[id(old)]
        if new.layout is torch.strided and not new.requires_grad and not same_values(new, old.detach()):
            t, tol, _ = expected(new, memo64[id(old)] if memo64 and stable else None, base)
            mutated[g.key(old)] = g.put(f"m{len(mutated)}", t, tol=tol)
    if mutated:
        case["mutated"] = mutated
    inputs = [t for t in {id(t): t for t in leaves([list(args), kwargs])}.values() if t.requires_grad]
    if not (differentiable and inputs):
        return out
    free = GAUGE_FREE_OUT.get(GAUGE.get(name), None)
    gen = torch.Generator().manual_seed(seed_all("ct", opts.seed, case["id"]))
    cts = [torch.randn(o.shape, generator=gen, dtype=o.dtype) if o.requires_grad and (free is None or i in free) else None
           for i, o in enumerate(leaves(out))]
    if all(c is None for c in cts):
        return out
    r1 = r2 = None
    for second in (opts.second_order and getattr(op, "supports_gradgrad", False), False):
        try:
            n1, n2 = gradients(out, memo, inputs, cts, False, second)
            if ref is not None and stable:
                r1, r2 = gradients(ref, memo64, inputs, cts, True, second)
            break
        except RuntimeError:                     # some backward formulas are not differentiable themselves
            if not second:
                raise
    case["cotangents"] = [None if c is None else g.put(f"ct{i}", c) for i, c in enumerate(cts)]
    for field, native, double in (("grads", n1, r1), ("grads2", n2 and n2[1], r2 and r2[1])):
        if not native:
            continue
        res = [None if n is None else expected(n, double[i] if double else None, base) for i, n in enumerate(native)]
        if any(r is not None and not r[2] for r in res):
            res, case["unstable_grad"] = [None if n is None else expected(n, None, base) for n in native], True
        case[field] = {g.key(t): None if r is None else g.put(f"{field}.{i}" if field == "grads2" else f"{field}{i}", r[0], tol=r[1])  # grads2 + 0 is not grads + 20
                       for i, (t, r) in enumerate(zip(inputs, res))}
    if n2:
        case["vectors"] = [None if v is None else g.put(f"v{i}", v) for i, v in enumerate(n2[0])]
    return out


# ---------------------------------------------------------------- ops
def public_call(op):
    """How a user would spell this entry: 'torch.x', 'Tensor.x', 'aten.x' or a formula."""
    if op.full_name in CUSTOM:
        return "custom: " + CUSTOM[op.full_name], None
    if op.full_name == "normal.in_place":
        return "Tensor.normal_", torch.Tensor.normal_
    for prefix, root in (("torch.", torch), ("Tensor.", torch.Tensor), ("aten.", torch.ops.aten)):
        for n in (op.name, op.name + "_"):
            obj = root
            with contextlib.suppress(AttributeError):
                for part in n.split("."):
                    obj = getattr(obj, part)
                if callable(obj) or prefix == "Tensor.":     # torch.float is a dtype, Tensor.T a property
                    return prefix + n, obj
    return "custom: " + op.name, None


def argument_names(fn, aten, args, kwargs):
    """Names of the positional arguments, from the Python signature or else the aten schema."""
    with contextlib.suppress(Exception):
        r = normalize_function(fn, tuple(args), kwargs, tuple(map(type, args)), {k: type(v) for k, v in kwargs.items()}, True)
        return list(r.kwargs)[:len(args)]
    for s in torch._C._jit_get_schemas_for_operator("aten::" + aten):
        names = [a.name for a in s.arguments if not a.kwarg_only]
        if len(names) >= len(args) and all(k in {a.name for a in s.arguments} for k in kwargs):
            return names[:len(args)]
    return None


def pick(items, n, rng):
    """n items spread over the list, one random choice from each of n equal strata."""
    if len(items) <= n:
        return list(items)
    return [items[rng.randrange(i * len(items) // n, max(i * len(items) // n + 1, (i + 1) * len(items) // n))] for i in range(n)]


def numel(sample):
    return sum(t.numel() for t in leaves([sample.input, list(sample.args), sample.kwargs]))


def draw(op, dtype, cap, opts):
    """Samples of one entry and dtype: up to `cap` from sample_inputs, up to --ref-cap more from reference_inputs."""
    rg = dtype in UP or dtype in UP.values()
    rng = random.Random(f"{opts.seed}/{op.full_name}/{dtype}")
    for source, method, n in (("sample", op.sample_inputs, cap), ("reference", op.reference_inputs, opts.ref_cap)):
        if source == "reference" and (not n or op.reference_inputs_func is None):
            continue
        for rg in (rg and op.supports_autograd, False):      # a few generators cannot make requires_grad inputs
            seed_all(opts.seed, source, op.full_name, str(dtype))
            try:
                items = list(itertools.islice(method("cpu", dtype, requires_grad=rg, set_seed=False), 2000))
                break
            except ValueError:
                if not rg:
                    raise
        small = [s for s in items if numel(s) <= opts.max_numel] or (sorted(items, key=numel)[:1] if source == "sample" else [])
        for s in pick(small, n, rng):
            yield source, s


def export_op(op, opts, skips):
    g = Group(opts.out, op.full_name)
    call, fn = public_call(op)
    perm = PERM.get(op.full_name) or PERM.get(op.name)
    head = dict(kind="op", op=op.name, variant=op.variant_test_name, call=call)
    if op.full_name in opts.tier_of:
        head["tier"] = opts.tier_of[op.full_name]

    def encode(case, sample):
        args, kwargs = [sample.input, *sample.args], dict(sample.kwargs)
        if perm and len(args) > 1:
            args[:2] = args[1], args[0]
        elif perm and "n" in kwargs:             # polygamma(n, input)
            args.insert(0, kwargs.pop("n"))
        if op.name.startswith(LAYOUT) and any(t.storage_offset() or t.untyped_storage().nbytes() != t.nbytes for t in leaves(args)):
            raise Skip("reads storage outside the tensor")
        case.update(args=[g.enc(a, f"a{i}") for i, a in enumerate(args)], kwargs={k: g.enc(v, f"k.{k}") for k, v in kwargs.items()})
        names = argument_names(fn or op.op, op.aten_name, args, kwargs)
        if names:
            case["argnames"] = names

    wanted = {d: n for d, n in opts.caps.items() if d in op.dtypes}
    if op.name.startswith("fft.") or not wanted:
        wanted.update({d: 2 for d in (torch.complex64,) if d in op.dtypes})
    for dtype, cap in wanted.items():
        base = opinfo_tolerance(op, dtype)
        try:
            for source, s in draw(op, dtype, cap, opts):
                case = g.begin(**head, dtype=NAMES[dtype], source=source)
                try:
                    encode(case, s)
                    out = add_results(g, case, op, [s.input, *s.args], s.kwargs, op.op, op.supports_autograd, opts, base)
                    if op.inplace_variant and case["compare"] == "close" and isinstance(out, torch.Tensor):
                        with contextlib.suppress(Exception), torch.no_grad():
                            (a, k), _ = copies(([s.input, *s.args], s.kwargs))
                            r = op.inplace_variant(*a, **k)
                            same = torch.equal if out.dtype is torch.bool else lambda x, y: torch.allclose(x, y, equal_nan=True)
                            if r.dtype == out.dtype and same(r, out):
                                case["inplace"] = True
                    g.commit(case)
                except Exception as e:
                    skips[op.full_name][str(e)[:160] if isinstance(e, Skip) else f"{type(e).__name__}: {str(e)[:160]}"] += 1
        except Exception as e:
            skips[op.full_name][f"sampling {dtype} failed: {type(e).__name__}: {str(e)[:120]}"] += 1
    if op.error_inputs_func and "errors" in opts.kinds:
        try:
            seed_all(opts.seed, "error", op.full_name)
            torch.use_deterministic_algorithms(True, warn_only=True)     # gives torch.empty a fixed content
            errors = list(itertools.islice(op.error_inputs("cpu", set_seed=False), opts.error_cap))
            torch.use_deterministic_algorithms(False)
            for e in errors:
                case = g.begin(**{**head, "kind": "op_error"})
                try:
                    if numel(e.sample_input) > opts.max_numel:
                        raise Skip("larger than --max-numel")
                    encode(case, e.sample_input)
                    case["error"] = raised(lambda: evaluate(op.op, [e.sample_input.input, *e.sample_input.args], e.sample_input.kwargs, False), e)
                    g.commit(case)
                except Exception as x:
                    skips[op.full_name]["error input: " + str(x)[:120]] += 1
        except Exception as x:
            skips[op.full_name][f"error inputs failed: {type(x).__name__}: {str(x)[:100]}"] += 1
    return g


def raised(call, spec):
    """Run a call that must fail; describe the error (torch's documented type and regex, and the actual message)."""
    try:
        call()
    except Exception as e:
        if not re.search(spec.error_regex, str(e)):
            raise Skip("message does not match its own regex")
        return {"type": getattr(spec.error_type, "__name__", str(spec.error_type)), "regex": str(spec.error_regex), "message": str(e).split("\n")[0][:300]}
    raise Skip("no error on independent copies of the inputs")   # e.g. out= overlapping an input


# ---------------------------------------------------------------- modules
def remember_constructors():
    """Make every nn.Module remember its constructor arguments (needed for modules given to modules)."""
    def new(cls, *a, **k):
        self = object.__new__(cls)
        object.__setattr__(self, "_ctor", (a, k))
        return self
    torch.nn.Module.__new__ = staticmethod(new)


def export_module(info, opts, skips):
    g = Group(opts.out, "module." + info.name)
    rng = random.Random(f"{opts.seed}/{info.name}")
    for dtype, cap in opts.caps.items():
        if dtype not in info.dtypes:
            continue
        for training in (True, False) if info.train_and_eval_differ else (True,):
            seed_all(opts.seed, info.name, str(dtype), training)
            samples = list(info.module_inputs_func(info, device="cpu", dtype=dtype, requires_grad=True, training=training))
            for mi in pick(samples, cap, rng):
                try:
                    export_module_case(g, info, mi, dtype, training, opts)
                except Exception as e:
                    skips["module." + info.name][f"{type(e).__name__}: {str(e)[:160]}"] += 1
    if info.module_error_inputs_func and "errors" in opts.kinds:
        seed_all(opts.seed, "error", info.name)
        for e in itertools.islice(info.module_error_inputs_func(info, device="cpu", dtype=torch.float32, requires_grad=False, training=False), opts.error_cap):
            ci, fi = e.module_error_input.constructor_input, e.module_error_input.forward_input
            case = g.begin(kind="module_error", module=info.name, error_on=e.error_on.name.split("_")[0].lower())
            try:
                case["ctor"] = {"args": [g.enc(a, f"c{i}") for i, a in enumerate(ci.args)], "kwargs": {k: g.enc(v, f"ck.{k}") for k, v in ci.kwargs.items()}}
                if fi is not None:
                    case.update(args=[g.enc(a, f"a{i}") for i, a in enumerate(fi.args)], kwargs={k: g.enc(v, f"k.{k}") for k, v in fi.kwargs.items()})
                case["error"] = raised(lambda: info.module_cls(*ci.args, **ci.kwargs)(*fi.args, **fi.kwargs), e)
                g.commit(case)
            except Exception as x:
                skips["module." + info.name]["error input: " + str(x)[:120]] += 1
    return g


def export_module_case(g, info, mi, dtype, training, opts):
    from copy import deepcopy
    ci, fi = mi.constructor_input, mi.forward_input
    case = g.begin(kind="module", module=info.name, desc=mi.desc, dtype=NAMES[dtype], training=training)
    case["ctor"] = {"args": [g.enc(a, f"c{i}") for i, a in enumerate(ci.args)], "kwargs": {k: g.enc(v, f"ck.{k}") for k, v in ci.kwargs.items()}}
    seed_all(opts.seed, case["id"])
    m = info.module_cls(*ci.args, **ci.kwargs).to(dtype).train(training)
    if getattr(info, "is_lazy", False):          # let it see its input once, so that it has parameters
        m(*copies(list(fi.args))[0], **copies(fi.kwargs)[0])
    case["state"] = {k: g.put("s." + k, v) for k, v in m.state_dict(keep_vars=True).items()}
    case.update(args=[g.enc(a, f"a{i}") for i, a in enumerate(fi.args)], kwargs={k: g.enc(v, f"k.{k}") for k, v in fi.kwargs.items()})
    state = dict(m.state_dict(keep_vars=True))   # parameters and buffers travel as extra inputs of a pure function

    def fn(st, *a, **k):
        mod = deepcopy(m)
        if any(v.dtype in UP.values() for v in st.values()) or dtype in UP.values():
            mod = mod.to(torch.float64)
        named = {**dict(mod.named_parameters()), **dict(mod.named_buffers())}
        st = {**{k: v for k, v in named.items() if k not in st}, **st}   # non-persistent buffers stay
        return torch.func.functional_call(mod, st, a, k, tie_weights=False)
    add_results(g, case, types.SimpleNamespace(name=info.name, supports_gradgrad=info.supports_gradgrad),
                [state, *fi.args], fi.kwargs, fn, True, opts)
    g.commit(case)


# ---------------------------------------------------------------- optimizers
STEPS = (1, 2, 10)


def export_optimizer(info, opts, skips):
    g = Group(opts.out, "optim." + info.name)
    inputs = [(i.desc, i.kwargs, None) for i in info.optim_inputs_func("cpu", torch.float32)]
    defaults = {k: p.default for k, p in inspect.signature(info.optim_cls).parameters.items()}
    if type(defaults.get("eps")) is float:       # the default is too small to show where it is added
        inputs.append(("large eps", {"eps": 0.1}, None))
    if "betas" in defaults:
        inputs.append(("other betas", {"betas": (0.5, 0.7)}, None))
    if info.supports_param_groups and not info.only_supports_sparse_grads:
        inputs.append(("param groups; third parameter has no gradient", {}, [{"params": [0]}, {"params": [1], "lr": 0.05}, {"params": [2], "lr": 0.1}]))
    for (desc, kwargs, groups), dtype in itertools.product(inputs, [d for d in opts.caps if d in (torch.float32, torch.float64)]):
        case = g.begin(kind="optimizer", optimizer=info.name, desc=desc, dtype=NAMES[dtype], steps=list(STEPS))
        try:
            seed_all(opts.seed, info.name, desc)
            matrices_only = info.name in ("Muon", "SparseAdam")
            shapes = ((5, 4), (3, 6) if matrices_only else (7,), (4, 2))[:2 if groups is None else 3]
            params = [torch.randn(s).to(dtype) for s in shapes]
            case.update(kwargs={k: g.enc(v, f"k.{k}") for k, v in kwargs.items()}, params=[g.put(f"p{i}", p) for i, p in enumerate(params)])
            if groups:
                case["groups"] = [{"params": d["params"], "kwargs": {k: g.enc(v, k) for k, v in d.items() if k != "params"}} for d in groups]
            if info.step_requires_closure:       # loss = sum_i 0.5 * || A_i @ p_i - B_i ||^2
                data = [((torch.eye(s[0]) + 0.2 * torch.randn(s[0], s[0])).to(dtype), torch.randn(s).to(dtype)) for s in shapes]
                case["closure"] = {"least_squares": [[g.put(f"A{i}", a), g.put(f"B{i}", b)] for i, (a, b) in enumerate(data)]}
            else:
                data = [torch.randn(max(STEPS), *s).to(dtype) for s in shapes]
                if info.only_supports_sparse_grads:
                    data, case["sparse_grads"] = [d * (torch.rand(*d.shape[:2], 1) < 0.5) for d in data], True
                if groups:
                    data[2] = None
                case["grads"] = [None if d is None else g.put(f"g{i}", d) for i, d in enumerate(data)]
            res = [optimize(info, params, data, kwargs, groups, up) for up in (False, dtype in UP)]
            case["expect"] = {}
            for s in STEPS:
                got = [expected(n, r, (0, 0)) for n, r in zip(res[0][s], res[1][s])]
                if not all(ok for *_, ok in got):
                    got, case["unstable"] = [expected(n, None, (0, 0)) for n in res[0][s]], True
                case["expect"][str(s)] = [g.put(f"e{s}.{i}", t, tol=tol) for i, (t, tol, _) in enumerate(got)]
            g.commit(case)
        except Exception as e:
            skips["optim." + info.name][f"{type(e).__name__}: {str(e)[:160]}"] += 1
    for e in info.optim_error_inputs_func("cpu", torch.float32) if "errors" in opts.kinds else ():
        oi = e.optimizer_error_input
        case = g.begin(kind="optimizer_error", optimizer=info.name, desc=oi.desc, error_on=e.error_on.name.split("_")[0].lower())
        try:
            case["kwargs"] = {k: g.enc(v, f"k.{k}") for k, v in oi.kwargs.items()}
            if oi.params is not None:
                if any(p.grad is not None for p in leaves(oi.params if isinstance(oi.params, (list, tuple)) else [])):
                    raise Skip("needs parameters that already have gradients")
                case["params"] = g.enc(oi.params, "p")
            with warnings.catch_warnings():
                warnings.simplefilter("error", UserWarning)
                params = oi.params if oi.params is not None else [torch.nn.Parameter(torch.zeros(2, 2))]
                case["error"] = raised(lambda: info.optim_cls(params, **oi.kwargs).step(), e)
            g.commit(case)
        except Exception as x:
            skips["optim." + info.name]["error input: " + str(x)[:120]] += 1
    return g


def optimize(info, params, data, kwargs, groups, up):
    """Parameters after each of STEPS optimizer steps."""
    (params, data, kwargs), _ = copies((params, data, dict(kwargs)), up)
    ps = [torch.nn.Parameter(p) for p in params]
    opt = info.optim_cls([{**d, "params": [ps[i] for i in d["params"]]} for d in groups] if groups else ps, **kwargs)
    seen = {}

    def closure():
        opt.zero_grad()
        loss = sum(0.5 * (a @ p - b).square().sum() for p, (a, b) in zip(ps, data))
        loss.backward()
        return loss
    for step in range(1, max(STEPS) + 1):
        if info.step_requires_closure:
            opt.step(closure)
        else:
            for p, d in zip(ps, data):
                p.grad = None if d is None else d[step - 1].to_sparse(1) if info.only_supports_sparse_grads else d[step - 1].clone()
            opt.step()
        if step in STEPS:
            seen[step] = [p.detach().clone() for p in ps]
    return seen


# ---------------------------------------------------------------- main
def promotion_tables():
    """torch.promote_types for every pair, and result_type for tensor / 0-dim tensor / Python number pairs."""
    ds = list(NAMES)
    name = lambda d: str(d)[6:]
    kinds = {"dim": lambda d: torch.ones(1, dtype=d), "zero_dim": lambda d: torch.ones((), dtype=d)}
    nums = {"bool": True, "int": 1, "float": 1.0, "complex": 1j}
    table = lambda f: {name(a): {name(b): name(f(a, b)) for b in ds} for a in ds}
    return {"promote_types": table(torch.promote_types), "can_cast": {name(a): [name(b) for b in ds if torch.can_cast(a, b)] for a in ds},
            "dim_with_zero_dim": table(lambda a, b: torch.result_type(kinds["dim"](a), kinds["zero_dim"](b))),
            "tensor_with_number": {k: {name(a): {n: name(torch.result_type(f(a), v)) for n, v in nums.items()} for a in ds} for k, f in kinds.items()}}


def op_table(op):
    call, fn = public_call(op)
    short = lambda ds: sorted(str(d)[6:] for d in ds)
    return {"name": op.name, "variant": op.variant_test_name, "call": call, "class": type(op).__name__, "aliases": [a.name for a in op.aliases],
            "method": op.method_variant is not None, "inplace": op.inplace_variant is not None, "dtypes": short(op.dtypes),
            "autograd": op.supports_autograd, "forward_ad": op.supports_forward_ad, "gradgrad": op.supports_gradgrad, "out_kwarg": op.supports_out,
            "error_inputs": op.error_inputs_func is not None, "int_to_float": op.promotes_int_to_float,
            "signature": str(inspect.signature(fn)) if isinstance(fn, types.FunctionType) else None,
            "schemas": [str(s) for s in torch._C._jit_get_schemas_for_operator("aten::" + op.aten_name)] if "." not in op.aten_name else []}


def tier_of_case(case, tiers):
    """Tier of a case that no database entry stamped: extra operations by name, modules and optimizers by their lists."""
    kind = case["kind"].split("_")[0]
    if kind == "op":
        return min((t for t in (1, 2, 3) for n in tiers[f"tier{t}"] if n == case["op"] or n.startswith(case["op"] + ".")), default=3)
    if kind == "module":
        return 1 if case["module"].split(".")[-1] in tiers["modules"]["tier1"] else 2
    if kind == "optimizer":
        return next((t for t in (1, 2, 3) if case["optimizer"] in tiers["optimizers"][f"tier{t}"]), 3)
    return 2  # schedulers, gradient clipping


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--out", required=True)
    ap.add_argument("--seed", type=int, default=0, help="values and choice of samples")
    ap.add_argument("--caps", default="float32=6,float64=2,int64=2,bool=1", help="samples per entry and dtype")
    ap.add_argument("--ref-cap", type=int, default=2, help="extra samples per dtype from reference_inputs (NaN, inf, promotion, broadcasting)")
    ap.add_argument("--error-cap", type=int, default=8)
    ap.add_argument("--max-numel", type=int, default=10000, help="leave out samples with more input elements than this")
    ap.add_argument("--match", default="", help="regex on the full entry name")
    ap.add_argument("--tiers", help="tiers.json; with --tier, export only the ops of these tiers")
    ap.add_argument("--tier", default="1,2,3")
    ap.add_argument("--kinds", default="ops,errors,modules,optimizers,extra")
    ap.add_argument("--second-order", action="store_true", help="also export gradients of gradients")
    opts = ap.parse_args()
    opts.caps = {getattr(torch, k): int(v) for k, v in (kv.split("=") for kv in opts.caps.split(","))}
    opts.kinds = set(opts.kinds.split(","))
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    os.makedirs(os.path.join(opts.out, "tensors"), exist_ok=True)
    cmi.wrapper_set_seed = lambda op, *a, **k: op(*a, **k)   # otherwise random ops look deterministic
    remember_constructors()
    skips, counts, per = collections.defaultdict(collections.Counter), collections.Counter(), {}
    tiers = json.load(open(opts.tiers)) if opts.tiers else None
    opts.tier_of = {n: int(t) for t in opts.tier.split(",") for n in tiers["tier" + t]} if tiers else {}
    wanted = {int(t) for t in opts.tier.split(",")}
    jobs = []
    if "ops" in opts.kinds:
        jobs += [(op.full_name, lambda op=op: export_op(op, opts, skips)) for op in cmi.op_db if not tiers or op.full_name in opts.tier_of]
    if "extra" in opts.kinds:
        import extra_cases
        jobs += extra_cases.jobs(sys.modules[__name__], opts, skips)
    if "modules" in opts.kinds:
        jobs += [("module." + i.name, lambda i=i: export_module(i, opts, skips)) for i in module_db]
    if "optimizers" in opts.kinds:
        jobs += [("optim." + i.name, lambda i=i: export_optimizer(i, opts, skips)) for i in optim_db]
    with open(os.path.join(opts.out, "index.jsonl"), "w") as index:
        for name, job in jobs:
            if re.search(opts.match, name):
                g = job()
                if tiers:
                    for c in g.cases:
                        c.setdefault("tier", tier_of_case(c, tiers))
                    g.cases = [c for c in g.cases if c["tier"] in wanted]
                g.save(index)
                per[name] = len(g.cases)
                for c in g.cases:
                    counts[c["kind"]] += 1
                    counts["with_grads"] += "cotangents" in c
                    counts["unstable"] += "unstable" in c or "unstable_grad" in c
                    counts["compare:" + c.get("compare", "-").split(":")[0]] += c["kind"] in ("op", "module")
                    counts["dtype:" + c.get("dtype", "-")] += 1
    dump = lambda name, obj: json.dump(obj, open(os.path.join(opts.out, name), "w"), indent=1)
    dump("ops.json", [op_table(op) for op in cmi.op_db])
    dump("promotion.json", promotion_tables())
    dump("report.json", {"torch": torch.__version__, "seed": opts.seed, "caps": {NAMES[k]: v for k, v in opts.caps.items()}, "ref_cap": opts.ref_cap,
                         "counts": counts, "cases": sum(per.values()), "empty": [n for n, k in per.items() if not k],
                         "per_entry": per, "skipped": {k: dict(v) for k, v in skips.items()}})
    print(json.dumps({"cases": sum(per.values()), **counts}, indent=1))


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # some sample generators iterate over sets
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})
    main()
