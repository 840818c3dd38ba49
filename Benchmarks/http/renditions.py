"""Renditions per second over HTTP, compared with thumbor 7 and nginx's image_filter. Start it with
./Benchmarks/http/renditions.

One photo of 12 megapixels becomes JPEGs around 400 pixels wide, each width once, so that no cache can answer. The three
servers run at the same time on the same machine, each with as many workers as there are processors. The same number of
clients loads them alternately. Exits 1 if a goal is missed or a response is wrong."""

import argparse
import contextlib
import http.client
import io
import os
import queue
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from PIL import Image

import servers

WALLPAPER = "/usr/share/backgrounds/mate/abstract/Elephants_5640x3172.jpg"
QUALITY = 80
# Our throughput must be this many times theirs.
GOALS = {"thumbor": 1.7, "nginx": 4.0}

NGINX = """
load_module /usr/lib/nginx/modules/ngx_http_image_filter_module.so;
daemon off;
master_process on;
{user}
worker_processes {workers};
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    server {{
        listen 127.0.0.1:{port};
        root {folder}/pictures;
        location / {{
            image_filter resize $arg_w -;
            image_filter_buffer 64m;
            image_filter_jpeg_quality {quality};
            image_filter_interlace on;
        }}
    }}
}}
"""

THUMBOR = """
LOADER = "thumbor.loaders.file_loader"
FILE_LOADER_ROOT_PATH = "{folder}/pictures"
STORAGE = "thumbor.storages.no_storage"
RESULT_STORAGE = None
QUALITY = {quality}
PROGRESSIVE_JPEG = True
ALLOW_UNSAFE_URL = True
"""


def photo(path):
    """A photo like a phone's: 4000 x 3000, 4:2:0, baseline."""
    image = Image.open(WALLPAPER)
    height = image.height
    width = height * 4 // 3
    left = (image.width - width) // 2
    image = image.crop((left, 0, left + width, height)).resize((4000, 3000), Image.Resampling.LANCZOS)
    image.save(path, quality=90, subsampling="4:2:0")


def defaults():
    """The others run as they are delivered, without the allocator settings of our start script."""
    return {name: value for name, value in os.environ.items() if name != "GLIBC_TUNABLES"}


def wait(port, path, child):
    deadline = time.monotonic() + 60
    while servers.status(port, path) != 200:
        if child.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"no server on port {port}")
        time.sleep(0.1)


@contextlib.contextmanager
def nginx(folder, workers):
    port = servers.free_port()
    config = Path(folder) / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(NGINX.format(folder=folder, port=port, workers=workers, quality=QUALITY, user=user))
    with servers.process(["/usr/sbin/nginx", "-c", str(config)], Path(folder) / "nginx.out", defaults()) as child:
        wait(port, "/photo.jpg?w=10", child)
        yield port, "/photo.jpg?w={width}"


@contextlib.contextmanager
def thumbor(folder, workers):
    port = servers.free_port()
    config = Path(folder) / "thumbor.conf"
    config.write_text(THUMBOR.format(folder=folder, quality=QUALITY))
    command = [
        os.environ["THUMBOR_BIN"], "--conf", str(config), "--ip", "127.0.0.1", "--port", str(port), "--processes",
        str(workers),
    ]
    with servers.process(command, Path(folder) / "thumbor.log", defaults()) as child:
        wait(port, "/unsafe/10x0/photo.jpg", child)
        yield port, "/unsafe/{width}x0/photo.jpg"


@contextlib.contextmanager
def ours(folder):
    with servers.tintype(folder) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request("PUT", "/api/v1/images/photo.jpg", (Path(folder) / "pictures" / "photo.jpg").read_bytes())
        answer = connection.getresponse()
        if answer.status != 201:
            raise RuntimeError(f"the upload was answered {answer.status}: {answer.read()[:300]}")
        connection.close()
        yield server.port, f"/api/v1/images/photo.jpg?w={{width}}&format=jpeg&q={QUALITY}"


def load(port, path, widths, clients):
    """Requests every width once, with this many clients at the same time on keep-alive connections. Returns the
    seconds, and the responses by width."""
    work, answers, errors = queue.SimpleQueue(), {}, []
    for width in widths:
        work.put(width)

    def client():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        try:
            while True:
                width = work.get_nowait()
                connection.request("GET", path.format(width=width))
                answer = connection.getresponse()
                body = answer.read()
                if answer.status != 200:
                    raise RuntimeError(f"{path.format(width=width)}: {answer.status} {body[:200]!r}")
                answers[width] = body
        except queue.Empty:
            pass
        except Exception as error:  # noqa: BLE001: told by the thread that waits
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=client) for _ in range(clients)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - began
    if errors:
        raise errors[0]
    return seconds, answers


def check(name, answers):
    for width, body in answers.items():
        image = Image.open(io.BytesIO(body))
        if image.format != "JPEG" or image.width != width or abs(image.height - width * 3 / 4) > 1:
            raise RuntimeError(f"{name} made {image.format} {image.size} for a width of {width}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=32, help="by round and server")
    parser.add_argument("--clients", type=int, default=4)
    options = parser.parse_args()
    workers = os.cpu_count()
    rates, sizes = {}, {}
    with tempfile.TemporaryDirectory(prefix="tintype-benchmark-") as folder:
        # The workers of nginx and thumbor may run as another user.
        os.chmod(folder, 0o755)
        (Path(folder) / "pictures").mkdir()
        photo(Path(folder) / "pictures" / "photo.jpg")
        with ours(folder) as one, thumbor(folder, workers) as two, nginx(folder, workers) as three:
            sides = {"Tintype": one, "thumbor": two, "nginx": three}
            for number in range(options.rounds + 1):
                first = 304 + number * options.requests
                widths = range(first, first + options.requests)
                for name, (port, path) in sides.items():
                    seconds, answers = load(port, path, widths, options.clients)
                    check(name, answers)
                    # The first round is a warm-up.
                    if number > 0:
                        rates.setdefault(name, []).append(len(answers) / seconds)
                        sizes[name] = statistics.mean(len(body) for body in answers.values())
                    print(f"{name}: {len(answers) / seconds:.1f} a second", file=sys.stderr, flush=True)
    medians = {name: statistics.median(values) for name, values in rates.items()}
    print(f"{options.clients} clients, {workers} workers each, {options.rounds} rounds of {options.requests}\n")
    print("| server | renditions a second | Tintype is | goal | holds | bytes of one |\n|---|---|---|---|---|---|")
    holds = True
    for name, rate in medians.items():
        times, goal = medians["Tintype"] / rate, GOALS.get(name)
        holds = holds and (goal is None or times >= goal)
        reached = "| |" if goal is None else f"{times:.2f} times | ≥ {goal} | {'yes' if times >= goal else '**no**'}"
        print(f"| {name} | {rate:.1f} | {reached} | {sizes[name]:.0f} |")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
