const version = "__VERSION__";
const api = import.meta.env.VITE_IKHOKHA_API_URL;
const rows = { url: "https://academy.supabase.example", key: import.meta.env.VITE_SUPABASE_ANON_KEY };
Object.assign(document.querySelector("#app").dataset, { version, api, rows: rows.url });
