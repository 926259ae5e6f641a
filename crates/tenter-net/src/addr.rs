//! From what names an address to addresses.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, ToSocketAddrs};
use std::sync::Arc;

use tenter_runtime::{Handle, Lane};

use self::sealed::{Lookup, Sealed};

/// What names one or more socket addresses: addresses themselves, `"host:port"`, `("host", port)`.
///
/// It stands for [`ToSocketAddrs`] where nothing may block. It can't be implemented elsewhere.
///
/// ```
/// use tenter_net::{AsyncToSocketAddrs, resolve};
///
/// async fn first(name: impl AsyncToSocketAddrs) -> Option<u16> {
///     Some(resolve(name).await.ok()?.first()?.port())
/// }
///
/// assert_eq!(tenter_runtime::block_on(first("127.0.0.1:80")), Some(80));
/// assert_eq!(tenter_runtime::block_on(first((std::net::Ipv6Addr::LOCALHOST, 81))), Some(81));
/// ```
pub trait AsyncToSocketAddrs: Sealed {}

mod sealed {
    use std::io;
    use std::net::SocketAddr;

    /// What is to be done for the addresses.
    #[derive(Debug)]
    pub enum Lookup {
        /// Nothing.
        Done(Vec<SocketAddr>),
        /// The system is to be asked about a host, which blocks.
        Host(String, u16),
        /// It names nothing.
        Bad(io::Error),
    }

    pub trait Sealed {
        fn lookup(&self) -> Lookup;
    }
}

/// Looks up the addresses of a name.
///
/// Literal addresses are read on the spot. The system is asked about host names on the runtime's blocking pool, so that
/// no worker waits for it.
///
/// ```
/// let addrs = tenter_runtime::block_on(tenter_net::resolve("localhost:80"))?;
/// assert!(addrs.iter().all(|addr| addr.ip().is_loopback() && addr.port() == 80));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// [`InvalidInput`](io::ErrorKind::InvalidInput) if it is not of the form `host:port`; what the system's resolver says;
/// or if the blocking pool is shut down or can't start a thread.
///
/// # Cancel safety
/// Nothing is lost. A question that the system is busy with goes on without anyone who waits for it.
pub async fn resolve<A: AsyncToSocketAddrs>(addr: A) -> io::Result<Vec<SocketAddr>> {
    match addr.lookup() {
        Lookup::Done(addrs) => Ok(addrs),
        Lookup::Bad(error) => Err(error),
        Lookup::Host(host, port) => {
            let host: Arc<str> = host.into();
            // A runtime that ends before it has asked leaves that to the one in which this is polled then.
            loop {
                let host = host.clone();
                let ask = move || (&*host, port).to_socket_addrs().map(Iterator::collect);
                let task = Handle::try_current()?
                    .try_unblock_in(Lane::Dns, ask)
                    .map_err(|refused| io::Error::other(refused.to_string()))?;
                if let Some(answer) = task.fallible().await {
                    return answer;
                }
            }
        }
    }
}

fn host_lookup(host: &str, port: u16) -> Lookup {
    match host.parse::<IpAddr>() {
        Ok(ip) => Lookup::Done(vec![(ip, port).into()]),
        Err(_) => Lookup::Host(host.to_owned(), port),
    }
}

macro_rules! literal {
    ($($type:ty),* $(,)?) => {
        $(
            impl AsyncToSocketAddrs for $type {}

            impl Sealed for $type {
                fn lookup(&self) -> Lookup {
                    Lookup::Done(vec![SocketAddr::from(*self)])
                }
            }
        )*
    };
}

literal!(SocketAddr, SocketAddrV4, SocketAddrV6, (IpAddr, u16), (Ipv4Addr, u16), (Ipv6Addr, u16));

impl AsyncToSocketAddrs for [SocketAddr] {}

impl Sealed for [SocketAddr] {
    fn lookup(&self) -> Lookup {
        Lookup::Done(self.to_vec())
    }
}

impl AsyncToSocketAddrs for (&str, u16) {}

impl Sealed for (&str, u16) {
    fn lookup(&self) -> Lookup {
        host_lookup(self.0, self.1)
    }
}

impl AsyncToSocketAddrs for (String, u16) {}

impl Sealed for (String, u16) {
    fn lookup(&self) -> Lookup {
        host_lookup(&self.0, self.1)
    }
}

impl AsyncToSocketAddrs for str {}

impl Sealed for str {
    fn lookup(&self) -> Lookup {
        if let Ok(addr) = self.parse::<SocketAddr>() {
            return Lookup::Done(vec![addr]);
        }
        let bad = |what| {
            let message = format!("{what} in '{self}': an address is written as host:port, say example.org:80");
            Lookup::Bad(io::Error::new(io::ErrorKind::InvalidInput, message))
        };
        match self.rsplit_once(':').map(|(host, port)| (host, port.parse())) {
            None => bad("there is no port"),
            Some(("", _)) => bad("there is no host"),
            Some((_, Err(_))) => bad("the port is no number up to 65535"),
            Some((host, Ok(port))) => host_lookup(host, port),
        }
    }
}

impl AsyncToSocketAddrs for String {}

impl Sealed for String {
    fn lookup(&self) -> Lookup {
        self.as_str().lookup()
    }
}

impl<T: AsyncToSocketAddrs + ?Sized> AsyncToSocketAddrs for &T {}

impl<T: Sealed + ?Sized> Sealed for &T {
    fn lookup(&self) -> Lookup {
        (**self).lookup()
    }
}
