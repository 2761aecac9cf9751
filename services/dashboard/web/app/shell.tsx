import { useQuery } from "@connectrpc/connect-query";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { EnvironmentService } from "@windlass/proto";
import { LogOut, Menu } from "lucide-react";
import { useState } from "react";
import { signOut } from "../api/session.ts";
import { Button } from "../parts/button.tsx";
import { ConnectionBanner } from "./connection-banner.tsx";
import { navigation } from "./navigation.ts";
import { Notices } from "./notice-list.tsx";
import styles from "./shell.module.css";
import { ThemeSwitch } from "./theme-switch.tsx";

const ENVIRONMENT_FRESH_MS = 60_000;

/** What is around every page: where one is, where one can go, and whether the cluster can be reached. */
export function Shell() {
  const path = useRouterState({ select: ({ location }) => location.pathname });
  /** Of the page on which it was opened: going to another closes it. */
  const [openAt, setOpenAt] = useState<string>();
  const isOpen = openAt === path;
  return (
    <div className={styles["shell"]}>
      <a className={styles["skip"]} href="#main">
        Skip to the page
      </a>
      <aside className={styles["side"]} data-open={isOpen}>
        <div className={styles["top"]}>
          <Link to="/" className={styles["brand"]}>
            <img src="/icon.svg" alt="" width={22} height={22} />
            Windlass
          </Link>
          <div className={styles["menu"]}>
            <Button
              look="bare"
              icon={Menu}
              aria-label="Menu"
              aria-expanded={isOpen}
              onClick={() => setOpenAt(isOpen ? undefined : path)}
            />
          </div>
        </div>
        <div className={styles["rest"]}>
          <EnvironmentName />
          <nav aria-label="Pages">
            <ul className={styles["pages"]}>
              {navigation.map(({ to, title, icon: Icon }) => (
                <li key={to}>
                  <Link to={to} className={styles["page"]} activeOptions={{ exact: to === "/", includeSearch: false }}>
                    <Icon aria-hidden size={16} strokeWidth={1.9} />
                    {title}
                  </Link>
                </li>
              ))}
            </ul>
          </nav>
          <footer className={styles["foot"]}>
            <ThemeSwitch />
            <Button look="bare" icon={LogOut} aria-label="Sign out" title="Sign out" onClick={() => void signOut()} />
          </footer>
        </div>
      </aside>
      <main id="main" tabIndex={-1} className={styles["main"]}>
        <ConnectionBanner />
        <Outlet />
      </main>
      <Notices />
    </div>
  );
}

function EnvironmentName() {
  const { data } = useQuery(EnvironmentService.method.getEnvironment, {}, { staleTime: ENVIRONMENT_FRESH_MS });
  const environment = data?.environment;
  return (
    <div className={styles["environment"]}>
      <strong>{environment?.slug ?? " "}</strong>
      <span className="soft">{environment?.project ?? " "}</span>
    </div>
  );
}
