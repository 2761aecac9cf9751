import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { notify } from "../app/notices.ts";
import { Button } from "./button.tsx";

const SHOWN_MS = 1_500;

/** Copies a text. `what` says which: "Copy run id". */
export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return undefined;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      notify("bad", "The browser did not allow copying.");
    }
  };
  return (
    <>
      <Button
        look="bare"
        icon={isCopied ? Check : Copy}
        aria-label={`Copy ${what}`}
        title={`Copy ${what}`}
        onClick={() => void copy()}
      />
      <span className="unseen" role="status">
        {isCopied ? "Copied" : ""}
      </span>
    </>
  );
}
