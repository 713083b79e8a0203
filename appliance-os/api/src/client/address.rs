//! Where a service is.

use std::{fmt, path::PathBuf, str::FromStr};

use http::uri::Authority;

/// Where a service is: `http://HOST:PORT`, `https://HOST:PORT` or `unix:/PATH`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// TCP, with or without TLS.
    Tcp {
        /// A name, an IPv4 address, or an IPv6 address without brackets.
        host: String,
        /// The port.
        port: u16,
        /// Whether it is spoken to through TLS.
        tls: bool,
    },
    /// A Unix socket, by its absolute path.
    Unix(PathBuf),
}

/// What was given is no address of a service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is no address of a server: {what}; write http://HOST:PORT, https://HOST:PORT or unix:/PATH")]
pub struct AddressError {
    given: String,
    what: &'static str,
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(given: &str) -> Result<Self, AddressError> {
        let refused = |what| AddressError { given: given.to_owned(), what };
        if let Some(path) = given.strip_prefix("unix:") {
            // Others write unix:///PATH.
            let name = path.trim_start_matches('/');
            return if name.len() == path.len() {
                Err(refused("the path of a socket begins with /"))
            } else if name.is_empty() {
                Err(refused("the socket has no name"))
            } else {
                Ok(Self::Unix(PathBuf::from(format!("/{name}"))))
            };
        }
        let (tls, rest) = match (given.strip_prefix("http://"), given.strip_prefix("https://")) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => return Err(refused("it does not begin with http://, https:// or unix:")),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#', '@']) {
            return Err(refused("something stands beside host and port"));
        }
        let authority: Authority = rest.parse().map_err(|_| refused("host and port cannot be read"))?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err(refused("the host is missing"));
        }
        match authority.port_u16() {
            None | Some(0) => Err(refused("the port is missing, or none")),
            Some(port) => Ok(Self::Tcp { host: host.to_owned(), port, tls }),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp { host, port, tls } => {
                let scheme = if *tls { "https" } else { "http" };
                if host.contains(':') { write!(f, "{scheme}://[{host}]:{port}") } else { write!(f, "{scheme}://{host}:{port}") }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_back() {
        for text in ["http://127.0.0.1:7410", "https://box.example:443", "http://[::1]:1", "unix:/run/chainbox/chainbox.sock"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        assert_eq!("unix:///run/s".parse(), Ok(Address::Unix("/run/s".into())));
        assert_eq!("http://h:1/".parse::<Address>().unwrap().to_string(), "http://h:1");
        assert_eq!("https://[::1]:1".parse(), Ok(Address::Tcp { host: "::1".to_owned(), port: 1, tls: true }));
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_reason() {
        let cases = [
            ("127.0.0.1:7410", "does not begin"),
            ("unix:chainbox.sock", "begins with /"),
            ("unix:/", "no name"),
            ("http://host", "port is missing"),
            ("http://host:0", "port is missing"),
            ("http://host:65536", "port is missing"),
            ("http://:1", "host"),
            ("http://user@host:1", "beside host and port"),
            ("http://host:1/path", "beside host and port"),
            ("http://ho st:1", "cannot be read"),
        ];
        for (text, part) in cases {
            let error = text.parse::<Address>().expect_err(text).to_string();
            assert!(error.contains(part) && error.contains("write http://HOST:PORT"), "{error}");
        }
    }
}
