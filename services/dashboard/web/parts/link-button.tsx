import { createLink } from "@tanstack/react-router";
import type { ComponentProps } from "react";
import styles from "./button.module.css";

/** A link that looks like a button; it goes to a page, and changes nothing. */
export const LinkButton = createLink((props: ComponentProps<"a">) => (
  <a {...props} className={`${styles["button"]} ${styles["link"]}`}>
    {props.children}
  </a>
));
