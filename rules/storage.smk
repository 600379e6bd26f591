"""Where files lie if they go through a storage provider, so that no disk need be shared.

Then a job gets exactly the files that it names as inputs. What else lies beside a file on a shared
disk is named too: the files of a model, and the artifact beside an origin. Without a provider nothing
here adds to a plan.
"""

from collections import defaultdict
from urllib.parse import urlparse

from heavytail.io.node_cache import fetch_once
from snakemake.io import strip_wildcard_constraints
from snakemake_interface_storage_plugins.io import Mtime

# Where the files of a provider are, as the user names it.
PREFIX = str(workflow.storage_settings.default_storage_prefix or "")
STORED = workflow.storage_settings.default_storage_provider is not None
# The folder where `run_once` of the scripts keeps finished results. It needs a disk with hard links.
STORE = {} if STORED else {"store": resolved("<results>/store")}
# The files of a model, as one folder. On a shared disk they lie beside provenance.json.
FILES = "<results>/weights/{model}"
WITH_FILES = {"weights": FILES} if STORED else {}


def objects_of(stored):
    """What the bucket of a stored object holds; nothing as long as there is no bucket."""
    folder = PREFIX.removeprefix(f"s3://{stored.bucket}").strip("/")
    try:
        yield from stored.s3bucket().objects.filter(Prefix=f"{folder}/" if folder else "")
    except Exception as error:
        if "NoSuchBucket" not in str(error):
            sys.exit(f"storage: cannot list {PREFIX}: {error}")


async def list_bucket(stored, cache):
    """Note all that the bucket holds, and that it holds nothing else: no file is asked for again.

    The plugin s3 0.3.6 lists one folder of the bucket. Then Snakemake asks for each file.
    """
    times, sizes = defaultdict(float), defaultdict(int)
    for found in objects_of(stored):
        # A folder is what has files: it is as new as its newest one.
        parts = found.key.split("/")
        for key in ("/".join(parts[:n]) for n in range(1, len(parts) + 1)):
            times[key] = max(times[key], found.last_modified.timestamp())
            sizes[key] += found.size
    bucket = stored.get_inventory_parent()
    for key, time in times.items():
        path = f"{bucket}/{key}"
        cache.mtime[path] = Mtime(storage=time)
        cache.size[path] = sizes[key]
        cache.exists_in_storage[path] = True
    cache.exists_in_storage.has_inventory.add(bucket)


# Outputs that are folders lie below these; all other outputs are files.
FOLDERS = ("<results>/weights/", "<results>/exported/", "<results>/standin/model")
FOLDERS = tuple(os.path.join(PREFIX, resolved(folder)) for folder in FOLDERS)


def has_folder(stored):
    """Whether a stored object is an output that is a folder, without a request."""
    return stored.query.startswith(FOLDERS)


# A folder of this machine in which its jobs keep the weights of models that came from a bucket.
NODE_CACHE = os.environ.get("HEAVYTAIL_NODE_CACHE")


def through_cache(retrieve):
    """A way to bring a stored object that takes the files of a model from the cache of the machine."""

    def retrieve_object(stored):
        if not has_folder(stored):
            return retrieve(stored)
        for item in stored.get_subkeys():
            # An ETag is a checksum of the content.
            cached = Path(NODE_CACHE, item.e_tag.strip('"'))
            file = stored.local_path() / item.key.removeprefix(f"{stored.key}/")
            fetch_once(cached, item.size, file, lambda path: item.Object().download_file(str(path)))

    return retrieve_object


def adapt(stored_object):
    """Change what the plugin s3 0.3.6 does with what lies below PREFIX."""
    below, bucket = os.path.join(PREFIX, ""), urlparse(PREFIX).netloc
    is_dir, exists, inventory = stored_object.is_dir, stored_object.exists, stored_object.inventory
    # Snakemake 9.27 adds the constraints of wildcards to the query of an output afterwards. The
    # plugin has derived its path from the query by then, and a rule would match any path.
    stored_object.local_suffix = lambda own: own.query.removeprefix("s3://")
    # It lists the bucket to tell a folder from a file, and remembers what was so before a job made it.
    stored_object.is_dir = lambda own: (has_folder if own.query.startswith(below) else is_dir)(own)
    # A folder that nobody has made is none, also if there is a bucket.
    stored_object.exists = lambda own: (
        own.bucket_exists() and any(own.get_subkeys()) if has_folder(own) else exists(own)
    )
    if NODE_CACHE:
        stored_object.retrieve_object = through_cache(stored_object.retrieve_object)
    if workflow.is_main_process:
        stored_object.inventory = lambda own, cache: (
            list_bucket if own.bucket == bucket else inventory
        )(own, cache)


if STORED:
    stored_object = workflow.storage_registry.default_storage_provider.get_storage_object_cls()
    if hasattr(stored_object, "_local_suffix_from_key"):
        adapt(stored_object)
    if workflow.is_main_process:
        # The weights stay here: their size says how much memory jobs need, and rules that run here
        # read them again.
        stored_object.keep_local = property(
            lambda own: own.query.startswith(FOLDERS[0]), lambda own, _: None
        )


def path_of(output):
    """The path that a rule gives to an output, such as results/ratios/…, wherever it is stored."""
    stored = getattr(output, "flags", {}).get("storage_object")
    if not stored:
        return output
    return strip_wildcard_constraints(stored.query.removeprefix(PREFIX).lstrip("/"))


def outputs_for(outputs, **values):
    """The outputs of a rule for every combination of these values of wildcards."""
    return expand([path_of(output) for output in outputs], **values)


def at_hand(places):
    """Paths, or nested tables of them, as the paths where a job finds the files on its machine."""
    if isinstance(places, dict):
        return {name: at_hand(place) for name, place in places.items()}
    if not STORED:
        return places
    provider = workflow.storage_registry.default_storage_provider
    return str(provider.object(f"{PREFIX.rstrip('/')}/{places}").local_path())


def filled(path, wildcards):
    """A path with the values of these wildcards; a file of this machine stays one."""
    is_local = getattr(path, "flags", {}).get("local")
    return path if is_local else path.format(**dict(wildcards.items()))


def artifact_of(wildcards):
    """The artifact of the cell whose origin a job reads; empty for a dense model."""
    measured = wildcards.get("measured") or f"{wildcards.model}/{wildcards.cell}"
    origin = origin_of(measured)
    return origin and f"<results>/pruned/{measured}.safetensors"


# On a shared disk the artifact may be deleted: the job that reads it prunes the cell again.
WITH_ARTIFACT = {"artifact": artifact_of} if STORED else {}
