import { WaitpointService } from "@windlass/proto";
import { Check } from "lucide-react";
import { useState } from "react";
import { useAction } from "../../api/use-action.ts";
import { Button } from "../../parts/button.tsx";
import { JsonEditor, jsonProblem } from "../../parts/json-editor.tsx";
import { Panel } from "../../parts/panel.tsx";
import styles from "./token-view.module.css";

/** Completes a token by hand, with data as JSON or with none. */
export function CompleteToken({ tokenId }: { readonly tokenId: string }) {
  const [text, setText] = useState("");
  const complete = useAction(WaitpointService.method.completeToken, {
    changes: [WaitpointService],
    done: () => "Completed: who waits for it goes on",
  });
  const problem = jsonProblem(text);
  const submit = (): void => {
    if (problem !== undefined || complete.isRunning) return;
    const data = { data: new TextEncoder().encode(text), contentType: "application/json" };
    void complete.run({ tokenId, ...(text.trim() !== "" && { data }) });
  };
  return (
    <Panel title="Complete it by hand">
      <JsonEditor
        label="Data"
        value={text}
        onChange={setText}
        onSubmit={submit}
        placeholder="Data as JSON; empty for none"
      />
      <div className={styles["foot"]}>
        <p role="status" className={problem === undefined ? "soft" : styles["problem"]}>
          {problem === undefined ? "A token is completed once, for good." : `No JSON: ${problem}`}
        </p>
        <Button look="strong" icon={Check} disabled={problem !== undefined || complete.isRunning} onClick={submit}>
          Complete token
        </Button>
      </div>
    </Panel>
  );
}
