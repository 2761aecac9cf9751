import { Pencil } from "lucide-react";
import { useState } from "react";
import { Button } from "../../parts/button.tsx";
import { VariableDialog } from "./variable-dialog.tsx";

/** Gives a variable another value. */
export function SetVariable({ name, isSecret }: { readonly name: string; readonly isSecret: boolean }) {
  const [isOpen, setOpen] = useState(false);
  const title = `Change ${name}`;
  return (
    <>
      <Button look="bare" icon={Pencil} aria-label={title} title={title} onClick={() => setOpen(true)} />
      {isOpen && <VariableDialog variable={{ name, isSecret }} onClose={() => setOpen(false)} />}
    </>
  );
}
