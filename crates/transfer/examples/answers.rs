//! Answers with a header and ranges of files, as a server sends them, and what each byte cost.
//!
//! Three connections get an answer each: a large range, a small one, and two of which one is forced to be copied. Then the
//! ledger says how many bytes left by which mechanism, and why.
//!
//! ```text
//! cargo run --release -p transfer --example answers
//! ```

use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use transfer::{Engine, Mechanism, Path, Plan, Policy, Region};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut file = tempfile::tempfile()?;
    file.write_all(&vec![7; 10 << 20])?;
    let file: Arc<File> = Arc::new(file);
    // The bytes of a region must not change while it exists: what is on its way refers to them.
    let region = |position, len| Region::new(Arc::clone(&file), position, len);

    let engine = Engine::new(Policy::automatic());
    answer(&engine, Plan::new().bytes("a large range: ").file(region(0, 8 << 20))).await?;
    answer(&engine, Plan::new().bytes("a small one: ").file(region(4_096, 100))).await?;
    show("by the policy that the measured facts speak for", &engine);

    let copying = Engine::new(Policy::force(Mechanism::ReadWrite));
    answer(&copying, Plan::new().bytes("two: ").file(region(0, 1 << 20)).bytes(" and ").file(region(9, 99)))
        .await?;
    show("the traditional way", &copying);
    Ok(())
}

/// Sends `plan` over a connection of its own.
async fn answer(engine: &Engine, plan: Plan) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut peer = TcpStream::connect(listener.local_addr()?).await?;
    let (socket, _) = listener.accept().await?;
    let receiving = tokio::spawn(async move {
        let mut received = Vec::new();
        peer.read_to_end(&mut received).await.map(|_| received.len() as u64)
    });
    let sent = engine.send(&socket, plan, Path::Direct).await?;
    drop(socket);
    assert_eq!(receiving.await??, sent);
    Ok(())
}

fn show(title: &str, engine: &Engine) {
    println!("{title}:");
    let ledger = engine.ledger().snapshot();
    for entry in ledger.iter() {
        println!("  {:>9} bytes by {} ({})", entry.bytes, entry.mechanism, entry.reason);
    }
    println!("  {:>9} bytes of headers", ledger.header_bytes);
}
