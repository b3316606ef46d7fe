const api = "https://api.ikhokha.com/public-api/v1/api";
document.querySelector("#app").dataset.api = api;
