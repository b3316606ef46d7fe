//! Customers who pay all the while: a link is made with the payment API, paid, and called back to the application, over
//! real sockets. What they meet is what monitoring counts.

use std::time::Duration;

use reqwest::Client;
use secrecy::ExposeSecret;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::demo::environment::Credentials;
use crate::demo::{application, payment_api};
use crate::webhook;

/// Somebody pays so often.
const PAUSE: Duration = Duration::from_millis(400);

/// Pays until the world ends. A payment that fails is a customer's bad luck, and theirs to try again.
pub(super) async fn pay(client: Client, credentials: Credentials, end: CancellationToken) {
    let mut number = 0_u64;
    loop {
        number += 1;
        let paying = async {
            let _ = one(&client, &credentials, number).await;
            tokio::time::sleep(PAUSE).await;
        };
        // Whoever is paying when the world ends does not hold it up.
        tokio::select! {
            () = end.cancelled() => return,
            () = paying => {}
        }
    }
}

async fn one(client: &Client, credentials: &Credentials, number: u64) -> reqwest::Result<()> {
    let path = format!("{}/payment", payment_api::BASE);
    let transaction = format!("demo-{}-{number}", ulid::Ulid::generate());
    let order = json!({
        "entityID": "demo", "amount": 100_000, "currency": "ZAR", "mode": "live", "externalTransactionID": transaction,
        "urls": { "callbackUrl": format!("https://{}/api/ikhokha/webhook", application::HOST) },
    });
    let body = order.to_string();
    let url = format!("https://{}{path}", payment_api::HOST);
    send(client, credentials, &url, &path, body).await?.error_for_status()?;
    let paid = json!({ "status": "SUCCESS", "amount": 100_000, "externalTransactionID": transaction }).to_string();
    let path = "/api/ikhokha/webhook";
    send(client, credentials, &format!("https://{}{path}", application::HOST), path, paid).await?.error_for_status()?;
    Ok(())
}

async fn send(
    client: &Client,
    credentials: &Credentials,
    url: &str,
    path: &str,
    body: String,
) -> reqwest::Result<reqwest::Response> {
    let signature = webhook::ikhokha_sign(&credentials.api_secret, path, body.as_bytes());
    let request = client
        .post(url)
        .header(webhook::IKHOKHA_APPLICATION, credentials.api_key.expose_secret())
        .header(webhook::IKHOKHA_SIGNATURE, signature);
    request.header("content-type", "application/json").body(body).send().await
}
