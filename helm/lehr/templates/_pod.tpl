{{/*
Parts of a pod that all roles share. Context: root, role, and values (the role's own).
*/}}
{{- define "lehr.podMetadata" -}}
labels:
  {{- include "lehr.labels" . | nindent 2 }}
  {{- with .values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  checksum/config: {{ include "lehr.settings" . | sha256sum }}
  {{- with .values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "lehr.podSpec" -}}
serviceAccountName: {{ include "lehr.serviceAccountName" . }}
automountServiceAccountToken: false
# A Service of this namespace must not set LEHR_ variables.
enableServiceLinks: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{- define "lehr.container" -}}
image: {{ include "lehr.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{/* The process answers; it can do its work. */}}
{{- define "lehr.probes" -}}
startupProbe:
  httpGet: {path: /healthz, port: http}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /healthz, port: http}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: http}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 2
{{- end }}

{{- define "lehr.env" -}}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
{{- if .root.Values.tls.enabled }}
{{- $name := ternary (include "lehr.roleName" .) "$(POD_NAME)" (has .role (list "serving" "client")) }}
- name: LEHR_TLS_CA
  value: /etc/lehr/tls/ca.pem
- name: LEHR_TLS_CERT
  value: /etc/lehr/tls/{{ .role }}-{{ $name }}.pem
- name: LEHR_TLS_KEY
  value: /etc/lehr/tls/{{ .role }}-{{ $name }}.pem
{{- else if eq .role "client" }}
{{- else if ne .role "coordinator" }}
- name: LEHR_NAME
  value: $(POD_NAME)
{{- end }}
{{- if ne .role "client" }}
{{- $settings := fromYaml (include "lehr.settings" .) }}
# The image has these in its environment, which wins over a file.
- name: LEHR_HTTP_LISTEN
  value: {{ index $settings "http-listen" | quote }}
{{- with index $settings "model-dir" }}
- name: LEHR_MODEL_DIR
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "lehr.volumeMounts" -}}
- name: config
  mountPath: /etc/lehr/config
  readOnly: true
- name: tmp
  mountPath: /tmp
{{- include "lehr.tlsMount" . }}
{{- end }}

{{- define "lehr.tlsMount" -}}
{{- if .root.Values.tls.enabled }}
- name: tls
  mountPath: /etc/lehr/tls
  readOnly: true
{{- end }}
{{- end }}

{{- define "lehr.volumes" -}}
- name: config
  configMap:
    name: {{ include "lehr.roleName" . }}
- name: tmp
  emptyDir: {}
{{- include "lehr.tlsVolume" . }}
{{- end }}

{{- define "lehr.tlsVolume" -}}
{{- if .root.Values.tls.enabled }}
- name: tls
  secret:
    secretName: {{ index .root.Values.tls.existingSecrets .role }}
    defaultMode: 0440
{{- end }}
{{- end }}

{{/* --drain and --hand-over, five seconds for all else that has to end, and some to spare. */}}
{{- define "lehr.graceSeconds" -}}
{{ add .values.drainSeconds 10 (default 0 .values.preStopSeconds) (default 0 .values.handOverSeconds) }}
{{- end }}
