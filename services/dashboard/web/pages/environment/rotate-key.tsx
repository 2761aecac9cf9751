import { type ApiKey, EnvironmentService } from "@windlass/proto";
import { RefreshCw } from "lucide-react";
import { useState } from "react";
import { useAction } from "../../api/use-action.ts";
import { Button } from "../../parts/button.tsx";
import { ConfirmDialog } from "../../parts/confirm-dialog.tsx";
import { NewKeyDialog } from "./new-key-dialog.tsx";

/** Makes a key of the same name. The old one works on until somebody revokes it, so that no program is ever without one. */
export function RotateKey({ apiKey }: { readonly apiKey: ApiKey }) {
  const [step, setStep] = useState<"closed" | "asking" | "shown">("closed");
  const [secret, setSecret] = useState("");
  const { name, lastFour } = apiKey;
  const { isRunning, run } = useAction(EnvironmentService.method.createApiKey, { changes: [EnvironmentService] });
  const rotate = async (): Promise<void> => {
    const answer = await run({ name });
    if (answer === undefined) return;
    setSecret(answer.secret);
    setStep("shown");
  };
  const close = (): void => {
    setStep("closed");
    setSecret("");
  };
  const title = `Rotate ${name} …${lastFour}`;
  return (
    <>
      <Button look="bare" icon={RefreshCw} aria-label={title} title={title} onClick={() => setStep("asking")} />
      {step === "asking" && (
        <ConfirmDialog
          title={`Rotate ${name}?`}
          action="Create the new key"
          look="strong"
          isRunning={isRunning}
          onConfirm={() => void rotate()}
          onClose={() => setStep((shown) => (shown === "asking" ? "closed" : shown))}
        >
          <p>
            A new key of the same name is made. The old one, which ends in {lastFour}, works on until you revoke it:
            give programs the new one first.
          </p>
        </ConfirmDialog>
      )}
      {step === "shown" && (
        <NewKeyDialog secret={secret} onClose={close}>
          <p>Once nothing uses the old key, which ends in {lastFour}, revoke it in the list.</p>
        </NewKeyDialog>
      )}
    </>
  );
}
