//! The TCP proxies that are compared: how each is started and stopped.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context as _;

use super::cores::Place;
use super::server::Launcher;
use crate::process::Process;
use crate::static_server::Worker;
use crate::{packages, readiness};

/// Debian has it in a package of its own.
const NGINX_STREAM: &str = "/usr/lib/nginx/modules/ngx_stream_module.so";

/// Who is measured. The others are there in each way of theirs that may be the best one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// nginx's `stream`, which copies, through buffers of 16 KiB.
    Nginx,
    /// The same through buffers of 64 KiB.
    NginxLargeBuffers,
    /// HAProxy, which copies unless it is told to splice.
    Haproxy,
    /// HAProxy told to splice.
    HaproxySplice,
    /// The same through pipes of 1 MiB, the most that a user may have, in place of 64 KiB.
    HaproxyLargePipes,
    /// `crossdock proxy`.
    Crossdock,
}

/// A proxy that runs. It is killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Proxy {
    // Before the worker, which the process would start again.
    process: Process,
    worker: Option<Worker>,
    /// Where it listens, `HOST:PORT`.
    pub(crate) address: String,
    /// Where it passes connections on to, `HOST:PORT`.
    pub(crate) target: String,
    /// `HOST:PORT` of the admin listener, if it is a Crossdock.
    pub(crate) admin: Option<String>,
}

impl Kind {
    /// In the order in which they take turns.
    pub(crate) const ALL: [Self; 6] = [
        Self::Nginx,
        Self::NginxLargeBuffers,
        Self::Haproxy,
        Self::HaproxySplice,
        Self::HaproxyLargePipes,
        Self::Crossdock,
    ];

    /// As tables and plots call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::NginxLargeBuffers => "nginx 64k",
            Self::Haproxy => "haproxy",
            Self::HaproxySplice => "haproxy splice",
            Self::HaproxyLargePipes => "haproxy 1M pipes",
            Self::Crossdock => "Crossdock",
        }
    }

    /// Starts it on the server's core and waits until it listens. `folder` is where it may keep what is its own.
    pub(crate) fn start(self, launcher: &Launcher, folder: &Path) -> anyhow::Result<Proxy> {
        fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
        let [address, target, admin] = readiness::free_ports()?.map(|port| format!("127.0.0.1:{port}"));
        let mut command = match self {
            Self::Nginx => nginx(folder, &address, &target, "")?,
            Self::NginxLargeBuffers => nginx(folder, &address, &target, "proxy_buffer_size 64k;")?,
            Self::Haproxy => haproxy(folder, &address, &target, "", "")?,
            Self::HaproxySplice => haproxy(folder, &address, &target, "", SPLICE)?,
            Self::HaproxyLargePipes => haproxy(folder, &address, &target, "tune.pipesize 1048576", SPLICE)?,
            Self::Crossdock => {
                let mut command = Command::new(&launcher.crossdock);
                command.args(["proxy", "--listen", &address, "--to", &target, "--admin", &admin]);
                command
            }
        };
        let log = folder.join("proxy.out");
        let out = File::options().create(true).append(true).open(&log)?;
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        let mut process = Process::new(launcher.cores.spawn(&mut command, Place::Server)?);
        // Crossdock opens its admin listener last.
        let last = if self == Self::Crossdock { &admin } else { &address };
        readiness::await_listening(&mut process, last).with_context(|| {
            let said = fs::read_to_string(&log).unwrap_or_default();
            format!("starting {}; it said:\n{said}", self.name())
        })?;
        let worker = match self {
            Self::Nginx | Self::NginxLargeBuffers => Some(Worker::of(process.id())?),
            Self::Haproxy | Self::HaproxySplice | Self::HaproxyLargePipes | Self::Crossdock => None,
        };
        let admin = (self == Self::Crossdock).then_some(admin);
        Ok(Proxy { process, worker, address, target, admin })
    }
}

impl Proxy {
    /// The process that passes bytes on.
    pub(crate) fn pid(&self) -> u32 {
        self.worker.as_ref().map_or(self.process.id(), Worker::pid)
    }

    /// Ends it in order.
    pub(crate) fn stop(self) -> anyhow::Result<()> {
        self.process.stop()
    }
}

/// Installs what is missing.
pub(crate) fn ensure() -> anyhow::Result<()> {
    packages::ensure(&[("nginx", "nginx"), (NGINX_STREAM, "libnginx-mod-stream"), ("haproxy", "haproxy")])
}

const SPLICE: &str = "option splice-request\noption splice-response";

/// One worker, and connections that go on when one of their peers has ended its stream, as the others have them anyway.
fn nginx(folder: &Path, address: &str, target: &str, further: &str) -> anyhow::Result<Command> {
    let configuration = folder.join("nginx.conf");
    let text = format!(
        "load_module {NGINX_STREAM};\n\
         daemon off;\n\
         user root;\n\
         worker_processes 1;\n\
         pid {}/nginx.pid;\n\
         error_log stderr;\n\
         events {{ worker_connections 1024; }}\n\
         stream {{ server {{ listen {address}; proxy_pass {target}; proxy_half_close on; {further} }} }}\n",
        folder.display()
    );
    fs::write(&configuration, text).with_context(|| format!("writing {}", configuration.display()))?;
    let mut command = Command::new("nginx");
    // Else it complains to a file of the system's before it has read its configuration.
    command.args(["-e", "stderr", "-c"]).arg(configuration);
    Ok(command)
}

/// One thread, in the foreground.
fn haproxy(
    folder: &Path,
    address: &str,
    target: &str,
    global: &str,
    further: &str,
) -> anyhow::Result<Command> {
    let configuration = folder.join("haproxy.cfg");
    let text = format!(
        "global\n\
         nbthread 1\n\
         maxconn 2000\n\
         {global}\n\
         defaults\n\
         mode tcp\n\
         timeout connect 10s\n\
         timeout client 10m\n\
         timeout server 10m\n\
         listen proxy\n\
         bind {address}\n\
         server target {target}\n\
         {further}\n"
    );
    fs::write(&configuration, text).with_context(|| format!("writing {}", configuration.display()))?;
    let mut command = Command::new("haproxy");
    command.args(["-db", "-f"]).arg(configuration);
    Ok(command)
}
