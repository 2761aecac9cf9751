import { Check, Copy, Link } from "lucide-react";
import { useEffect, useState } from "react";
import { notify } from "../app/notices.ts";
import { Button } from "./button.tsx";

const icons = { text: Copy, link: Link } as const;
const SHOWN_MS = 1_500;

/** Copies a text, or a link with its `look`. `what` says which: "Copy run id". */
export function CopyButton(props: { readonly text: string; readonly what: string; readonly look?: "text" | "link" }) {
  const { text, what, look = "text" } = props;
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
        icon={isCopied ? Check : icons[look]}
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
