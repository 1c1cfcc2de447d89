//! A server of one file: whoever connects gets it, from the page cache, without a copy in user space.
//!
//! ```text
//! cargo run --release -p transfer --example send_file -- FILE 127.0.0.1:9000
//! nc 127.0.0.1 9000 > copy
//! ```

use std::error::Error;
use std::fs::File;
use std::sync::Arc;

use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("which file?")?;
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let file = Arc::new(File::open(&path)?);
    let listener = TcpListener::bind(&address).await?;
    println!("{path} is at {}", listener.local_addr()?);
    loop {
        let (socket, peer) = listener.accept().await?;
        let file = Arc::clone(&file);
        tokio::spawn(async move {
            let len = file.metadata().map_or(0, |metadata| metadata.len());
            match transfer::send_file(&socket, &file, 0..len).await {
                Ok(sent) => println!("{peer}: {sent} bytes"),
                Err(error) => println!("{peer}: {error}"),
            }
        });
    }
}
