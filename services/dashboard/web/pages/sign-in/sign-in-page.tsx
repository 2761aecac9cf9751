import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { LogIn } from "lucide-react";
import { type FormEvent, useEffect, useState } from "react";
import { signIn } from "../../api/session.ts";
import { Button } from "../../parts/button.tsx";
import { TextField } from "../../parts/field.tsx";
import styles from "./sign-in-page.module.css";

const route = getRouteApi("/sign-in");

/** Asks for an API key, and goes on to where one wanted to go. */
export function SignInPage() {
  const { next } = route.useSearch();
  const router = useRouter();
  const queryClient = useQueryClient();
  const [isChecking, setChecking] = useState(false);
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    document.title = "Sign in · Windlass";
    queryClient.clear(); // what another environment's key was shown
  }, [queryClient]);

  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const apiKey = new FormData(event.currentTarget).get("apiKey");
    setChecking(true);
    setProblem(undefined);
    try {
      await signIn(typeof apiKey === "string" ? apiKey : "");
      await router.navigate({ to: localPath(next), replace: true });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setChecking(false);
    }
  };
  return (
    <main className={styles["page"]}>
      {/* Should a browser ever send it by itself, the key must not get into the address. */}
      <form method="post" className={styles["card"]} onSubmit={(event) => void submit(event)}>
        <h1>
          <img src="/icon.svg" alt="" width={30} height={30} />
          Windlass
        </h1>
        <TextField
          label="API key"
          name="apiKey"
          type="password"
          placeholder="wl_…"
          autoComplete="current-password"
          required
          // The page is this one field.
          // oxlint-disable-next-line jsx-a11y/no-autofocus
          autoFocus
          aria-invalid={problem !== undefined}
          aria-describedby="sign-in-problem"
          hint="The key decides the environment. npm start prints one; windlass env makes others."
        />
        <p id="sign-in-problem" role="alert" className={styles["problem"]}>
          {problem}
        </p>
        <Button look="strong" type="submit" icon={LogIn} disabled={isChecking}>
          {isChecking ? "Signing in…" : "Sign in"}
        </Button>
      </form>
    </main>
  );
}

/** Nowhere but to a page of ours, and not to the sign-in again: "//elsewhere" is another site. */
function localPath(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\]|sign-in)/u.test(next) ? next : "/";
}
