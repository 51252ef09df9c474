import { useState } from "preact/hooks";

/** Something that is shown once, to be copied. */
export function Secret({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      setCopied(false); // No clipboard without HTTPS: it can be selected.
    }
  }
  return (
    <div class="secret" role="status">
      <p>{label}</p>
      <p class="send">
        <code>{text}</code>
        <button type="button" class="plain" onClick={() => void copy()}>
          {copied ? "Copied" : "Copy"}
        </button>
      </p>
    </div>
  );
}
