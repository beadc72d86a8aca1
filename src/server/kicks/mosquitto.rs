//! Mosquitto: the plugin for dynamic security takes commands over MQTT (3.1.1, OASIS). It disconnects the clients of a username that it
//! disables or deletes.

use std::io;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    Broker,
    kick::{Kick, KickError},
};

/// The topic of the plugin's commands.
const TOPIC: &str = "$CONTROL/dynamic-security/v1";
/// The packet that ends a connection.
const DISCONNECT: [u8; 2] = [0xe0, 0];

pub(super) async fn close(broker: &Broker, kick: &Kick) -> Result<(), KickError> {
    let command = |name: &str| json!({ "command": name, "username": kick.username });
    let commands = match kick.is_gone {
        true => vec![command("deleteClient")],
        // The client may come back, and gets the rights that it has then.
        false => vec![command("disableClient"), command("enableClient")],
    };
    let mut stream = TcpStream::connect(broker.address()).await?;
    stream.write_all(&connect(broker)).await?;
    let [kind, _, _, code] = read::<4>(&mut stream).await?;
    if kind != 0x20 || code != 0 {
        return Err(KickError::status(format!("CONNACK {code}")));
    }
    stream
        .write_all(&publish(&json!({ "commands": commands })))
        .await?;
    let [kind, ..] = read::<4>(&mut stream).await?;
    if kind != 0x40 {
        return Err(KickError::status("something else than PUBACK"));
    }
    stream.write_all(&DISCONNECT).await?;
    Ok(())
}

/// CONNECT with a clean session, a username and a password. The broker gives the client its id.
fn connect(broker: &Broker) -> Vec<u8> {
    let mut rest = text("MQTT");
    rest.extend([4, 0b1100_0010, 0, 30]);
    for field in ["", broker.username.as_str(), broker.password.as_str()] {
        rest.extend(text(field));
    }
    packet(0x10, &rest)
}

/// PUBLISH with quality of service 1: the broker acknowledges it after the plugin has taken it.
fn publish(payload: &Value) -> Vec<u8> {
    let mut rest = text(TOPIC);
    rest.extend([0, 1]);
    rest.extend(payload.to_string().bytes());
    packet(0x32, &rest)
}

fn packet(kind: u8, rest: &[u8]) -> Vec<u8> {
    let mut packet = vec![kind];
    let mut length = rest.len();
    loop {
        let digit = (length % 128) as u8;
        length /= 128;
        if length == 0 {
            packet.push(digit);
            break;
        }
        packet.push(digit | 0x80);
    }
    packet.extend(rest);
    packet
}

/// A text with its length. A longer one than MQTT can write is cut, and the broker refuses it.
fn text(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    let bytes = text.bytes().take(usize::from(length));
    length.to_be_bytes().into_iter().chain(bytes).collect()
}

async fn read<const N: usize>(stream: &mut TcpStream) -> Result<[u8; N], io::Error> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_says_how_long_it_is() {
        assert_eq!(packet(0x32, &[7; 3]), [0x32, 3, 7, 7, 7]);
        assert_eq!(packet(0x32, &[7; 127])[..3], [0x32, 127, 7]);
        assert_eq!(packet(0x32, &[7; 128])[..4], [0x32, 0x80, 1, 7]);
        assert_eq!(packet(0x32, &[7; 20_000])[..4], [0x32, 0xa0, 0x9c, 1]);
        assert_eq!(text("ab"), [0, 2, b'a', b'b']);
    }
}
