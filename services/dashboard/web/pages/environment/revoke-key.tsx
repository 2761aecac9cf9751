import { type ApiKey, EnvironmentService } from "@windlass/proto";
import { Ban } from "lucide-react";
import { useState } from "react";
import { useAction } from "../../api/use-action.ts";
import { Button } from "../../parts/button.tsx";
import { ConfirmDialog } from "../../parts/confirm-dialog.tsx";

/** Ends a key, after asking. */
export function RevokeKey({ apiKey }: { readonly apiKey: ApiKey }) {
  const [isAsking, setAsking] = useState(false);
  const { id, name, lastFour } = apiKey;
  const { isRunning, run } = useAction(EnvironmentService.method.revokeApiKey, {
    changes: [EnvironmentService],
    done: () => `${name} is revoked.`,
  });
  const title = `Revoke ${name} …${lastFour}`;
  return (
    <>
      <Button look="bare" icon={Ban} aria-label={title} title={title} onClick={() => setAsking(true)} />
      {isAsking && (
        <ConfirmDialog
          title={`Revoke ${name}?`}
          action="Revoke key"
          isRunning={isRunning}
          onConfirm={() => void run({ apiKeyId: id }).then((answer) => answer && setAsking(false))}
          onClose={() => setAsking(false)}
        >
          <p>
            The key that ends in {lastFour} stops working everywhere within 10 s, for good. Whoever is signed in with it
            is signed out, you too.
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}
